"""Which objects are not de-identified, and why: where what identifies may lie in a picture or a text."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import UID

from ..dicom_intensity import OVERLAY_BIT_POSITIONS

_STORAGE = '1.2.840.10008.5.1.4.1.1.'
IMAGES = frozenset(f'{_STORAGE}{part}' for part in ('1.2', '1.2.1', '13.1.3', '2'))
"""Mammograms, tomosynthesis, and CT objects, in which some vendors store its slices."""
REPORTS = frozenset(f'{_STORAGE}88.{part}' for part in (11, 22, 33, 34, 50, 59))
PRESENTATIONS, SEGMENTATIONS = frozenset({f'{_STORAGE}11.1'}), frozenset({f'{_STORAGE}66.4'})
_SECONDARY_CAPTURES = f'{_STORAGE}7'


class RefusedObjectError(ValueError):
    """An object that cannot be freed of what identifies; the message quotes no value."""


def refuse(dataset: Dataset) -> None:
    """Checks what can be told before anything is changed.

    Raises:
        RefusedObjectError: it is of a class that is not cleaned, or its picture may hold text.
    """
    sop_class = UID(str(dataset.get('SOPClassUID', '')))
    if sop_class == _SECONDARY_CAPTURES or sop_class.startswith(f'{_SECONDARY_CAPTURES}.'):
        raise RefusedObjectError('a secondary capture: names may be written into its picture')
    if sop_class not in IMAGES | REPORTS | PRESENTATIONS | SEGMENTATIONS:
        name = sop_class.name if sop_class != sop_class.name else 'no class of the standard'
        raise RefusedObjectError(f'not a mammogram, its report, marks or segmentation: {name}')
    if str(dataset.get('BurnedInAnnotation', '')).upper() == 'YES':
        raise RefusedObjectError('Burned In Annotation is YES: names may be written into its picture')
    if any(dataset.get(tag) and dataset[tag].value for tag in OVERLAY_BIT_POSITIONS):
        raise RefusedObjectError('an overlay lies in unused bits of its pixels, where text may be written')
