"""How intensities become the numbers that a network translates, and come back."""

from __future__ import annotations

from typing import Any, NamedTuple


class IntensityWindow(NamedTuple):
    """A fixed range of intensities that becomes -1 to 1; arrays and tensors alike.

    Attributes:
        low, high: intensities; readers give 0 to 1.
    """

    low: float = 0.0
    high: float = 1.0

    @classmethod
    def checked(cls, low: float, high: float) -> IntensityWindow:
        """A window that is one.

        Raises:
            ValueError: it is empty or reversed.
        """
        if not low < high:
            raise ValueError(f'a window goes from a lower to a higher intensity, got {low!r} to {high!r}')
        return cls(low, high)

    def to_network(self, intensities: Any) -> Any:
        """-1 at ``low``, 1 at ``high``; nothing is clipped."""
        return (intensities - self.low) * (2 / (self.high - self.low)) - 1

    def to_intensities(self, values: Any) -> Any:
        """What :meth:`to_network` came from."""
        return (values + 1) * ((self.high - self.low) / 2) + self.low
