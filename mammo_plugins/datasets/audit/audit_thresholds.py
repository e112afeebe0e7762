"""The limits that the checks work with."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


def _limit(default: float, meaning: str) -> float:
    return field(default=default, metadata={'meaning': meaning})


@dataclass(frozen=True)
class AuditThresholds:
    """Limits, in mm where the spacing is known and as a share of the image where it is not.

    Raises:
        ValueError: a limit is negative, or a lower one lies above its upper one.
    """

    min_box_mm: float = _limit(1.0, 'shorter side of a box, mm')
    max_box_mm: float = _limit(100.0, 'longer side of a box, mm')
    min_box_share: float = _limit(0.004, 'shorter side of a box, share of the image side; where no spacing is known')
    max_box_share: float = _limit(0.7, 'longer side of a box, share of the image side; where no spacing is known')
    min_spacing_mm: float = _limit(0.03, 'usual pixel spacing, mm')
    max_spacing_mm: float = _limit(0.2, 'usual pixel spacing, mm')
    spacing_tolerance: float = _limit(0.02, 'relative difference of two spacings')
    max_magnification: float = _limit(1.3, 'magnification factor of a contact view')
    min_breast_overlap: float = _limit(0.5, 'share of a box that lies on the breast')
    min_contrast: float = _limit(0.3, 'contrast of a box, in units of the spread around it')
    min_shown_range: float = _limit(0.05, 'grey range that the breast takes of the whole after its window')
    max_clipped_share: float = _limit(0.4, 'share of the breast that its window shows white, or black')
    max_air_level: float = _limit(0.4, 'grey value, of 0 to 1, of the air beside the breast as it is shown')
    max_share_difference: float = _limit(0.15, 'share of malignant breasts in a split against that of all')

    def __post_init__(self) -> None:
        for limit in fields(self):
            if not getattr(self, limit.name) >= 0:
                raise ValueError(f'{limit.name} is {getattr(self, limit.name)}: expected a number from 0')
        for kind in ('box_mm', 'box_share', 'spacing_mm'):
            low, high = getattr(self, f'min_{kind}'), getattr(self, f'max_{kind}')
            if low > high:
                raise ValueError(f'min_{kind} is {low}, above max_{kind}, which is {high}')


def threshold_meanings() -> dict[str, tuple[float, str]]:
    """Name of each limit to its default and its meaning."""
    return {limit.name: (limit.default, limit.metadata['meaning']) for limit in fields(AuditThresholds)}
