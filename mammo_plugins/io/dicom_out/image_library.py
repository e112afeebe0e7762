"""The image library of a CAD report: what each image shows, as far as its header says.

Source: DICOM PS3.16 TID 4020 (CAD Image Library Entry). What a header lacks is left out, never made up.
"""

from __future__ import annotations

import re

from pydicom import Dataset

from mammo_plugins.structures import Laterality

from . import result_codes as codes
from .content_items import CONTAINS, HAS_ACQ_CONTEXT, HAS_CONCEPT_MOD, code, date, image, number, text, time
from .result_settings import ResultSettings
from .study_results import ReadImage, Reference, StudyResults

_DATES = (
    ('Study', codes.STUDY_DATE, codes.STUDY_TIME),
    ('Content', codes.CONTENT_DATE, codes.CONTENT_TIME),
)


def library_items(results: StudyResults, settings: ResultSettings) -> list[Dataset]:
    """An entry a file, in the order of :meth:`.study_results.StudyResults.headers`."""
    entries = [
        image(CONTAINS, Reference(header, None), _of_read_image(shown, header, settings))
        for shown in results.images
        for header in shown.instances
    ]
    return entries + [image(CONTAINS, Reference(header, None), _of_header(header)) for header in results.failed]


def _of_read_image(shown: ReadImage, header: Dataset, settings: ResultSettings) -> list[Dataset]:
    side: Laterality = shown.view.laterality
    items = [code(HAS_ACQ_CONTEXT, codes.IMAGE_LATERALITY, codes.side_code(side, settings.coding))]
    if view := codes.view_code(shown.view.position, settings.coding):
        modifiers = [
            code(HAS_CONCEPT_MOD, codes.IMAGE_VIEW_MODIFIER, modifier)
            for modifier in codes.modifier_codes(shown.view_modifiers, settings.coding)
        ]
        items.append(code(HAS_ACQ_CONTEXT, codes.IMAGE_VIEW, view, modifiers))
    items += _of_header(header)
    if shown.spacing_mm is not None:
        down, across = shown.spacing_mm
        items.append(number(HAS_ACQ_CONTEXT, codes.HORIZONTAL_SPACING, across, codes.MILLIMETER))
        items.append(number(HAS_ACQ_CONTEXT, codes.VERTICAL_SPACING, down, codes.MILLIMETER))
    return items


def _of_header(header: Dataset) -> list[Dataset]:
    """Directions, dates and times."""
    items = []
    directions = header.get('PatientOrientation') or ()
    if not isinstance(directions, str) and len(directions) == 2 and all(directions):
        items.append(text(HAS_ACQ_CONTEXT, codes.ORIENTATION_ROW, directions[0]))
        items.append(text(HAS_ACQ_CONTEXT, codes.ORIENTATION_COLUMN, directions[1]))
    for event, of_date, of_time in _DATES:
        day, hour = (str(header.get(f'{event}{what}') or '') for what in ('Date', 'Time'))
        if re.fullmatch(r'\d{8}', day):
            items.append(date(HAS_ACQ_CONTEXT, of_date, day))
        if re.fullmatch(r'\d{2,6}(\.\d{1,6})?', hour):
            items.append(time(HAS_ACQ_CONTEXT, of_time, hour))
    return items
