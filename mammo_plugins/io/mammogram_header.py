"""What is known of an image before its pixels are decoded, and the image itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammo_plugins.structures import ViewKey

from .modality_text import modality_text

_SPECIAL_MODIFIERS = ('magnification', 'spot compression')
_SMALLEST_SIDE = 16  # pixels; mammograms have a thousand, stripped headers and icons a few


@dataclass(frozen=True)
class MammogramHeader:
    """Header of an FFDM, a synthetic mammogram or a DBT volume, whatever format stores it.

    Holds no name, birth date or other identifier beyond the ids.

    Attributes:
        path: the file, or the folder of one file a slice.
        modality: ``FFDM``, ``SM`` or ``DBT``, or None with the reason in ``modality_problem``: it is none of them (a
            contrast image), or the header does not tell.
        rows, columns, num_slices: size of the stored pixels; one slice for FFDM and SM.
        bits_stored: bits that carry the intensity; fewer than Bits Stored where the compressed image has fewer.
        codestream_bits: bits of a sample by the compressed image's own header, or None.
        is_computed: whether it is an SM that other software than the vendor's computed from a volume.
        is_inverted: whether low values are dense: MONOCHROME1, or what a raw image says of its values.
        photometric_interpretation: ``MONOCHROME1`` (low values are dense) or ``MONOCHROME2``.
        view: side and projection, or None with the reason in ``view_problem``.
        view_source: where they were read, such as ``ImageLaterality, ViewPosition``.
        view_modifiers: such as ``implant displaced``, ``magnification`` or ``spot compression``.
        spacing_mm: (row, column) distance of pixel centres in the breast, or None where unknown.
        slice_thickness_mm: Slice Thickness as stored (some vendors store the breast's), or None.
        slice_spacing_mm: distance of neighbouring slices, or None where unknown.
        patient_orientation: (row direction, column direction), or None; of CT objects that lack it by Image Orientation
            (Patient).
        has_implant: as stated in the header, or None.
        for_processing: whether the pixels are raw data that was not made for the eye.
        study_uid: Study Instance UID; ``study_id`` is the short Study ID.
        acquisition_time_s: time of day of the exposure, or of its series where that is not known, in seconds, or None.
        acquisition_number: Acquisition Number, or None.
        magnification: Estimated Radiographic Magnification Factor, else by the distances from the source, or None.
        special_text: why it is a view of a part of the breast by its texts (series, paddle, protocol), or None.
        unfit: why it is no image of a breast to find lesions in (a specimen, a localiser, 1 x 2 pixels), or None.
        doubts: what is contradictory or odd, to be said wherever the image is used.
        pixel_problem: why the pixels cannot be read although the header can, or None.
    """

    path: Path
    modality: str | None
    rows: int
    columns: int
    num_slices: int
    bits_stored: int
    photometric_interpretation: str = 'MONOCHROME2'
    view: ViewKey | None = None
    view_source: str | None = None
    view_problem: str | None = None
    view_modifiers: tuple[str, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    spacing_source: str | None = None
    slice_thickness_mm: float | None = None
    slice_spacing_mm: float | None = None
    patient_orientation: tuple[str, str] | None = None
    has_implant: bool | None = None
    for_processing: bool = False
    manufacturer: str = ''
    transfer_syntax_uid: str = ''
    sop_class_uid: str = ''
    sop_instance_uid: str = ''
    series_uid: str = ''
    study_uid: str = ''
    study_id: str = ''
    patient_id: str = ''
    acquisition_time_s: float | None = None
    modality_problem: str | None = None
    acquisition_number: int | None = None
    magnification: float | None = None
    unfit: str | None = None
    doubts: tuple[str, ...] = ()
    pixel_problem: str | None = None
    codestream_bits: int | None = None
    is_inverted: bool = False
    is_computed: bool = False
    special_text: str | None = None

    @property
    def modality_text(self) -> str:
        """The modality for readers, see :func:`~mammo_plugins.io.modality_text.modality_text`."""
        return modality_text(self.modality, self.is_computed)

    @property
    def special_view(self) -> str | None:
        """Which view of a part of the breast it is (spot, magnification) by modifiers or texts, or None."""
        modifiers = [name for name in self.view_modifiers if name in _SPECIAL_MODIFIERS]
        return f'a {" and ".join(modifiers)} view (view modifier)' if modifiers else self.special_text


@dataclass(frozen=True)
class MammogramImage:
    """An image of one slice.

    Attributes:
        header: what the file says about it.
        pixels: float32 (H, W) in [0, 1], background 0, dense tissue bright, in the orientation of the file.
    """

    header: MammogramHeader
    pixels: npt.NDArray[np.float32]


def find_small_size(rows: int, columns: int) -> str | None:
    """Why an image of this size shows no breast, or None."""
    if min(rows, columns) >= _SMALLEST_SIDE:
        return None
    return (
        f'an image of {columns} x {rows} pixels (columns x rows) shows no breast: at least {_SMALLEST_SIDE} are needed'
    )
