"""What a paper reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PaperNumber:
    """A number of a paper.

    Attributes:
        value: the number; percentages as shares.
        low, high: ends of its interval, None where none is given.
        spread: standard deviation over images, where the paper gives that.
    """

    value: float
    low: float | None = None
    high: float | None = None
    spread: float | None = None

    @classmethod
    def of(cls, given: PaperNumber | Mapping | tuple | list | float) -> PaperNumber:
        """From a number, ``(value, low, high)``, or a dictionary of the attributes.

        Raises:
            ValueError: it is none of these.
        """
        if isinstance(given, PaperNumber):
            return given
        try:
            if isinstance(given, Mapping):
                return cls(**given)
            if isinstance(given, (tuple, list)):
                value, low, high = given
                return cls(float(value), float(low), float(high))
            return cls(float(given))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f'the number {given!r} of the paper: give a number, (value, low, high) or a dictionary with value'
            ) from error

    def as_dict(self) -> dict:
        """Plain values for json; ``paper`` alone where the paper gives no more."""
        plain: dict = {'paper': self.value}
        if self.low is not None:
            plain['paper_interval'] = [self.low, self.high]
        if self.spread is not None:
            plain['paper_spread'] = self.spread
        return plain

    def text(self, digits: int) -> str:
        """As tables show it."""
        shown = f'{self.value:.{digits}f}'
        if self.low is not None:
            return f'{shown} [{self.low:.{digits}f}, {self.high:.{digits}f}]'
        return shown if self.spread is None else f'{shown} ± {self.spread:.{digits}f}'
