"""DDSM (Digital Database for Screening Mammography, University of South Florida): four digitised films a case.

A case is a folder with an ``.ics`` file (what films there are, their size and spacing), an ``.OVERLAY`` file for each
film with suspicious regions, and the films. These come as LJPEG, a format that nothing reads today: they must lie
beside the ``.ics`` file as PNG of 16 bits and full size (see :mod:`.raw_films`). The folder above the case, such
as ``cancer_05``, says what was found.

Source: Heath et al., "The Digital Database for Screening Mammography", 5th International Workshop on Digital
Mammography (2000).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, MammogramHeader

from ..box_clipping import clip_box
from ..conversion_report import ConversionError, ConversionReport
from ..ddsm_vocabulary import (
    CATEGORY_OF_PATHOLOGY,
    category_of,
    density_letter,
    image_labels,
    lesion_type,
    stated,
    subtlety_of,
)
from ..image_inspection import inspect_images
from ..lesion_links import SeenLesion, link_lesions
from ..patient_splits import DEFAULT_SHARES, split_patients
from ..release_files import ReleaseFiles
from .cases import DdsmCase, DdsmFilm, find_films, read_cases
from .chain_outlines import box_of_outline, polygon_of_outline
from .ics import IcsFilm
from .overlay import OverlayAbnormality

_DESCRIPTORS = {  # named as in CBIS-DDSM
    'SHAPE': 'mass_shape', 'MARGINS': 'mass_margins', 'TYPE': 'calc_type', 'DISTRIBUTION': 'calc_distribution',
}  # fmt: skip


def convert_ddsm(
    src: str | Path,
    *,
    split_shares: Sequence[float] = DEFAULT_SHARES,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    Args:
        src: folder with cases at any depth.
        split_shares: shares of patients in train, validation and test; the release has no splits.
        seed: of the splits.
        workers: processes that read headers; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no cases, shares that are none, or no image.
    """
    src, report = Path(src), ConversionReport()
    release = ReleaseFiles(src, report)
    cases = read_cases(release, report)
    try:
        split_of = split_patients((case.patient_id for case in cases), split_shares, seed)
    except ValueError as error:
        raise ConversionError(str(error)) from error
    films = [film for case in cases for film in find_films(case, release, report)]
    inspected = inspect_images([film.png for film in films], [None] * len(films), workers, show_progress)
    images: list[ImageRecord] = []
    findings: list[FindingRecord] = []
    kept: list[DdsmFilm] = []
    for film, found in zip(films, inspected, strict=True):
        if problem := found.problem or _size_problem(film.film, found.header):
            report.drop(film.where, f'{film.png.relative_to(src)}: {problem}', 'images')
            continue
        kept.append(film)
        images.append(_image_record(len(images) + 1, src, film, split_of[film.case.patient_id]))
    lesion_ids = _lesion_ids(kept)
    for image, film in zip(images, kept, strict=True):
        findings.extend(_finding_records(image, film, lesion_ids, report))
    _note_cancers_without_malignancy(kept, images, report)
    return report.build(images, findings, converter='ddsm', source=src, release='DDSM', tables=_volumes(src, cases))


def _size_problem(film: IcsFilm, header: MammogramHeader) -> str | None:
    if (header.rows, header.columns) == (film.lines, film.pixels_per_line):
        return None
    return (
        f'has {header.columns} x {header.rows} pixels, the .ics file says {film.pixels_per_line} x {film.lines}: '
        'outlines would not fit; convert the film without scaling or turning it'
    )


def _image_record(number: int, src: Path, film: DdsmFilm, split: str) -> ImageRecord:
    case, facts = film.case, film.case.facts
    spacing = None if film.film.resolution_um is None else film.film.resolution_um / 1000
    return ImageRecord(
        id=number,
        file_name=film.png.relative_to(src).as_posix(),
        width=film.film.pixels_per_line,
        height=film.film.lines,
        num_slices=1,
        patient_id=case.patient_id,
        study_uid=case.study_id,
        view=str(film.film.view),
        modality='FFDM',
        manufacturer=facts.digitizer,
        spacing_mm=None if spacing is None else (spacing, spacing),
        split=split,
        labels=_labels(film),
    )


def _labels(film: DdsmFilm) -> dict[str, object]:
    """Labels of a film from all its abnormalities, those without a usable outline included.

    A film whose overlay is missing has only the labels that its volume leaves no doubt about; a normal one needs none.
    """
    case, abnormalities = film.case, film.overlay.abnormalities if film.overlay else ()
    labels = image_labels(
        [CATEGORY_OF_PATHOLOGY.get(abnormality.pathology, '') for abnormality in abnormalities],
        [abnormality.assessment for abnormality in abnormalities],
        density_letter(case.facts.density),
    )
    is_known = film.is_complete and all(item.pathology in CATEGORY_OF_PATHOLOGY for item in abnormalities)
    if not is_known and case.level != 'normal':
        doubtful = ['benign'] if case.level in ('benign', 'benign_without_callback') else ['malignant', 'benign']
        labels.update({name: None for name in doubtful if not labels[name]})
    is_normal = case.level == 'normal' or is_known
    labels['abnormal'] = 1 if abnormalities else 0 if is_normal else None
    labels.update({'case': case.level, 'age': case.facts.age})
    return {name: value for name, value in labels.items() if value is not None}


def _finding_records(
    image: ImageRecord, film: DdsmFilm, lesion_ids: dict[tuple[str, int], str], report: ConversionReport
) -> list[FindingRecord]:
    findings = []
    if film.num_lost:
        report.lost_findings[image.id] += film.num_lost
    for index, abnormality in enumerate(film.overlay.abnormalities if film.overlay else ()):
        where = f'{film.where} abnormality {abnormality.number}'
        try:
            lesion_id = lesion_ids.get((film.png.as_posix(), index))
            findings.append(_finding_record(image, abnormality, lesion_id, where, report))
        except ValueError as error:
            report.drop_finding(where, str(error), 'findings', image.id)
    return findings


def _finding_record(
    image: ImageRecord, abnormality: OverlayAbnormality, lesion_id: str | None, where: str, report: ConversionReport
) -> FindingRecord:
    category = category_of(abnormality.pathology)
    if abnormality.problem or abnormality.boundary_xy is None:
        raise ValueError(abnormality.problem or 'has no BOUNDARY')
    drawn = box_of_outline(abnormality.boundary_xy)
    box, was_clipped = clip_box(drawn, image.width, image.height)
    if was_clipped:
        report.note(where, f'box {drawn} clipped to {image.width} x {image.height} pixels', 'clipped_boxes')
    polygon = polygon_of_outline(abnormality.boundary_xy, image.width, image.height)
    if polygon is None:
        report.note(where, 'outline encloses nothing: box only', 'outlines_without_area')
    attributes = {
        'type': _type_of(abnormality),
        **stated(
            release_name='+'.join(abnormality.kinds),
            pathology=abnormality.pathology,
            birads=abnormality.assessment,
            **{_DESCRIPTORS[name]: value for name, value in abnormality.descriptors.items()},
        ),
    }
    if (subtlety := subtlety_of(abnormality.subtlety)) is not None:
        attributes['subtlety'] = subtlety
    if abnormality.num_cores:
        attributes['cores'] = abnormality.num_cores
    return FindingRecord(image.id, category, box, lesion_id=lesion_id, segmentation=polygon, attributes=attributes)


def _type_of(abnormality: OverlayAbnormality) -> str:
    """A mass with calcifications in it is a mass."""
    kind = 'MASS' if 'MASS' in abnormality.kinds else next(iter(abnormality.kinds), '')
    return lesion_type(kind, abnormality.descriptors.get('SHAPE', ''))


def _lesion_ids(films: Sequence[DdsmFilm]) -> dict[tuple[str, int], str]:
    """Lesion ids, such as ``A_1141_1-L-1``, by file and position in its overlay; what cannot be linked has none."""
    breasts: dict[tuple[str, str], list[tuple[DdsmFilm, int, OverlayAbnormality]]] = defaultdict(list)
    for film in films:
        breast = film.case.study_id, film.film.view.laterality.value
        for index, abnormality in enumerate(film.overlay.abnormalities if film.overlay else ()):
            if abnormality.pathology in CATEGORY_OF_PATHOLOGY:
                breasts[breast].append((film, index, abnormality))
    ids = {}
    for breast, members in breasts.items():
        seen = [
            SeenLesion(
                view=str(film.film.view),
                kind='+'.join(sorted(set(item.kinds))),
                category=category_of(item.pathology),
                description=(item.assessment, *sorted(item.descriptors.items())),
            )
            for film, _, item in members
        ]
        for (film, index, _), number in zip(members, link_lesions(seen), strict=True):
            if number is not None:
                ids[film.png.as_posix(), index] = '-'.join((*breast, str(number)))
    return ids


def _note_cancers_without_malignancy(
    films: Sequence[DdsmFilm], images: Sequence[ImageRecord], report: ConversionReport
) -> None:
    """Cases of a cancer volume in which no film is labelled malignant: their negatives are no negatives."""
    malignant: dict[str, bool] = defaultdict(bool)
    for film, image in zip(films, images, strict=True):
        if film.case.level == 'cancer':
            malignant[film.case.study_id] |= image.labels.get('malignant') == 1
    for film, image in zip(films, images, strict=True):
        if malignant.get(film.case.study_id) is False and image.labels.pop('malignant', None) is not None:
            if image.labels.get('abnormal') == 0:
                del image.labels['abnormal']
            reason = 'case of a cancer volume without any malignant finding: label malignant left open'
            report.note(film.where, reason, 'cancers_without_malignancy')


def _volumes(src: Path, cases: Iterable[DdsmCase]) -> list[str]:
    """Folders that the cases' folders lie in, such as ``cancers/cancer_05``."""
    return sorted({case.ics_path.relative_to(src).parent.parent.as_posix() for case in cases})
