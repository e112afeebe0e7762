"""Who and what was tested: counts of the images of each split, with what is not known of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mammo_plugins.evaluation.subgroups import FINDING_GROUPS, IMAGE_GROUPS, UNKNOWN
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.dicom_demographics import Demographics, read_demographics

from .flow import NO_SPLIT

ANALYSED = 'analysed'
_AGE_BANDS = ((40, 'below 40'), (50, '40 to 49'), (60, '50 to 59'), (70, '60 to 69'))
_OF_ONE_RELEASE = ('match_level',)  # elsewhere, it is not missing
_OLDEST = '70 and above'
Values = Iterable[str]


def population_tables(
    annotations: AnnotationSet, analysed: AnnotationSet, demographics: Mapping[int, Demographics]
) -> dict[str, list[dict[str, Any]]]:
    """Tables of patients, images and findings: of those that were analysed, and of the other splits of the file.

    Args:
        annotations: the whole file.
        analysed: the images that were scored.
        demographics: id of an image to what its header says of the patient.

    Returns:
        Title to rows: a value, and for each part how many have it; ``unknown`` is a value like others.
    """
    parts = {ANALYSED: analysed, **_other_splits(annotations, analysed)}
    tables = {
        'age of patients': _rows(parts, lambda part: (_age_band(one.age_years) for one in _each(part, demographics))),
        'sex of patients': _rows(parts, lambda part: (one.sex or UNKNOWN for one in _each(part, demographics))),
    }
    for name, group in IMAGE_GROUPS.items():
        tables[f'{name} of images'] = _rows(parts, _by_image(group))
    for name, of_finding in FINDING_GROUPS.items():
        rows = _rows(parts, _by_finding(of_finding))
        if name not in _OF_ONE_RELEASE or any(row['value'] != UNKNOWN for row in rows):
            tables[f'{name.replace("_", " ")} of findings'] = rows
    return {title: rows for title, rows in tables.items() if rows}


def read_all_demographics(annotations: AnnotationSet) -> dict[int, Demographics]:
    """Of each image's header; one image a patient is enough, and the first that states an age is taken."""
    found: dict[int, Demographics] = {}
    known: dict[str, Demographics] = {}
    for image in annotations.images:
        patient = known.get(image.patient_id, Demographics())
        if patient.age_years is None:
            patient = known[image.patient_id] = read_demographics(annotations.resolve_path(image))
        found[image.id] = patient
    return found


def _other_splits(annotations: AnnotationSet, analysed: AnnotationSet) -> dict[str, AnnotationSet]:
    tested = {image.split for image in analysed.images}
    names = dict.fromkeys(image.split or NO_SPLIT for image in annotations.images if image.split not in tested)
    return {name: annotations.keep((one.split or NO_SPLIT) == name for one in annotations.images) for name in names}


def _rows(parts: Mapping[str, AnnotationSet], values: Callable[[AnnotationSet], Values]) -> list[dict[str, Any]]:
    counts = {name: Counter(values(part)) for name, part in parts.items()}
    found = sorted({value for count in counts.values() for value in count}, key=lambda value: (value == UNKNOWN, value))
    return [{'value': value, **{name: count[value] for name, count in counts.items()}} for value in found]


def _each(part: AnnotationSet, demographics: Mapping[int, Demographics]) -> Iterable[Demographics]:
    """One entry a patient."""
    by_patient: dict[str, Demographics] = {}
    for image in part.images:
        one = demographics.get(image.id, Demographics())
        if image.patient_id not in by_patient or by_patient[image.patient_id].age_years is None:
            by_patient[image.patient_id] = one
    return by_patient.values()


def _age_band(years: float | None) -> str:
    if years is None:
        return UNKNOWN
    return next((name for limit, name in _AGE_BANDS if years < limit), _OLDEST)


def _by_image(group: Callable[[ImageRecord], str]) -> Callable[[AnnotationSet], Values]:
    return lambda part: map(group, part.images)


def _by_finding(group: Callable[[FindingRecord, ImageRecord], str]) -> Callable[[AnnotationSet], Values]:
    return lambda part: (group(finding, part.image(finding.image_id)) for finding in part.findings)
