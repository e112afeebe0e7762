"""A number with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A point estimate, NaN where it is undefined.

    Args:
        value: the estimate.
        standard_error: NaN where none was computed or none exists.
        low, high: ends of the interval, NaN where none was computed.
        level: coverage of the interval.
        method: how the uncertainty was obtained, empty for none.
        reason: why the value or its uncertainty is undefined or doubtful, empty otherwise.
    """

    value: float
    standard_error: float = float('nan')
    low: float = float('nan')
    high: float = float('nan')
    level: float = 0.95
    method: str = ''
    reason: str = ''

    @property
    def has_interval(self) -> bool:
        return not np.isnan(self.low)

    def as_dict(self) -> dict[str, float | str | None]:
        """Plain values for json, None for NaN."""
        return plain_values(asdict(self))

    def parts(self) -> tuple[str, str, str]:
        """The value, its standard error and its interval as text, empty for what does not exist."""
        number = 'n/a' if np.isnan(self.value) else f'{self.value:.3f}'
        error = '' if np.isnan(self.standard_error) else f'± {self.standard_error:.3f}'
        interval = f'[{self.low:.3f}, {self.high:.3f}]' if self.has_interval else ''
        return number, error, interval

    def __str__(self) -> str:
        return ' '.join(filter(None, self.parts()))


def plain_values(values: Mapping[str, float | str]) -> dict[str, float | str | None]:
    """Values as json knows them: None for NaN."""
    return {name: None if isinstance(v, float) and np.isnan(v) else v for name, v in values.items()}
