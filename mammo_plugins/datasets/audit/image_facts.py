"""What the audit keeps of a file after it has been closed."""

from __future__ import annotations

from dataclasses import dataclass

from mammo_plugins.io.mammogram_header import MammogramHeader


@dataclass(frozen=True)
class BoxFacts:
    """A box in the pixels.

    Attributes:
        breast_share: share of its area that lies on the breast; what lies outside the image counts as not.
        contrast: see :func:`~mammo_plugins.datasets.audit.box_contrast.box_contrast`; None where it cannot be told.
    """

    breast_share: float
    contrast: float | None = None


@dataclass(frozen=True)
class PixelFacts:
    """An image, or the middle slice of a volume, as numbers.

    Attributes:
        digest: of size and stored values, see :func:`~mammo_plugins.datasets.audit.image_statistics.pixel_digest`.
        is_blank: all stored values are equal.
        has_bright_background: the air is bright, so the polarity is wrong.
        chest_wall: ``left`` or ``right``.
        breast_share: of the image; 0 where no breast is found.
        shown_range: grey range, of 0 to 1, that the breast takes as its header asks to show it; None for PNG files.
        way_up_problem: why the image cannot be turned upright, or None.
        way_up_doubt: what header and pixels do not agree on about the way up, or None.
        is_stored_turned: whether a volume lies turned by 180 degrees: its chest wall on the other side than the
            header's breast has it, and no Patient Orientation that explains it.
        air_level, breast_level: grey value, in [0, 1], of the air and of the breast as the header asks to show them;
            None where there is too little air to tell, and for PNG files.
        clipped_share: share of the breast that is white, or that is black, as its header asks to show it.
        boxes: one for each finding.
    """

    digest: str
    is_blank: bool = False
    has_bright_background: bool = False
    chest_wall: str = 'left'
    breast_share: float = 1.0
    shown_range: float | None = None
    way_up_problem: str | None = None
    way_up_doubt: str | None = None
    is_stored_turned: bool = False
    boxes: tuple[BoxFacts, ...] = ()
    clipped_share: float = 0.0
    air_level: float | None = None
    breast_level: float | None = None


@dataclass(frozen=True)
class ImageFacts:
    """A file.

    Attributes:
        header: None where it cannot be read.
        voi: how the header asks to show the image: ``LUT``, ``window (LINEAR)``, ``none``, ``raw`` or ``PNG``.
        num_windows: windows that the header states; the first is used.
        magnification: by the header, or None.
        pixels: None where they were not looked at, or cannot be read.
        problem: why the file cannot be read, or None.
    """

    header: MammogramHeader | None = None
    voi: str = ''
    num_windows: int = 0
    magnification: float | None = None
    pixels: PixelFacts | None = None
    problem: str | None = None
