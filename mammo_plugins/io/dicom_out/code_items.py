"""Items of code sequences."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.sequence import Sequence

from mammo_plugins.structures import ViewPosition

from ..dicom_view import MODIFIER_CODES, VIEW_CODES

VIEW_MEANINGS = {
    ViewPosition.CC: 'cranio-caudal', ViewPosition.MLO: 'medio-lateral oblique', ViewPosition.ML: 'medio-lateral',
    ViewPosition.LM: 'latero-medial', ViewPosition.LMO: 'latero-medial oblique',
    ViewPosition.XCCL: 'cranio-caudal exaggerated laterally', ViewPosition.XCCM: 'cranio-caudal exaggerated medially',
    ViewPosition.SIO: 'superolateral to inferomedial oblique',
    ViewPosition.ISO: 'inferomedial to superolateral oblique',
    ViewPosition.FB: 'caudo-cranial (from below)',
}  # fmt: skip


def code_item(value: str, meaning: str, scheme: str = 'SCT') -> Dataset:
    """One item of a code sequence.

    Source: DICOM PS3.3 8.8.
    """
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def has_view_item(position: ViewPosition) -> bool:
    """Whether a projection has a code; the axillary tail has none but as a modifier."""
    return position in VIEW_MEANINGS


def view_item(position: ViewPosition, modifiers: tuple[str, ...] = ()) -> Dataset:
    """The code of a projection, with those of its modifiers that have one.

    Args:
        position: the projection.
        modifiers: names or codes, as ``view_modifiers`` of a header has them.

    Source: DICOM PS3.16 CID 4014 (views) and CID 4015 (view modifiers).
    """
    item = code_item(_sct_code(VIEW_CODES, position), VIEW_MEANINGS[position])
    known = [name for name in modifiers if name in MODIFIER_CODES.values()]
    item.ViewModifierCodeSequence = Sequence([code_item(_sct_code(MODIFIER_CODES, name), name) for name in known])
    return item


def _sct_code(codes: dict, meaning: object) -> str:
    return next(code for code, meant in codes.items() if meant == meaning and code.isdigit())
