"""CBIS-DDSM (Curated Breast Imaging Subset of DDSM, TCIA): digitised films with masks of masses and calcifications.

Four tables hold one abnormality in one film a row. The DICOM headers carry no side or view that could be relied on and
no pixel spacing: the tables decide. Boxes come from the ROI masks.

Source: Lee et al., Scientific Data 4:170177 (2017), https://doi.org/10.1038/sdata.2017.177;
https://doi.org/10.7937/K9/TCIA.2016.7O02S9CY.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mammo_plugins.datasets.parallel_reading import LOST, read_in_parallel
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, MammogramHeader
from mammo_plugins.io.annotation_records import SPLITS

from ..conversion_report import ConversionError, ConversionReport
from ..ddsm_vocabulary import image_labels
from ..image_inspection import inspect_images
from ..lesion_links import SeenLesion, link_lesions
from ..release_files import ReleaseFiles
from ..view_numbering import ViewNumbering
from .files import DownloadedFiles
from .roi_masks import RoiJob, RoiMask, read_roi_mask
from .rows import KINDS, Abnormality, find_tables, read_abnormalities
from .splits import assign_splits


@dataclass
class _Film:
    """One file of a film with the rows that describe it; the header follows once the file was opened.

    ``num_lost`` counts the rows that could not be used.
    """

    path: Path
    split: str
    header: MammogramHeader | None = None
    rows: list[Abnormality] = field(default_factory=list)
    num_lost: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.header.rows, self.header.columns


def convert_cbis_ddsm(
    src: str | Path,
    *,
    splits: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    overlapping: str = 'test',
    validation_share: float = 0.1,
    seed: int = 0,
    masks: bool = True,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    Args:
        src: folder with the tables (or with a folder that holds them) and the DICOM files.
        splits: splits to convert, each of which must then have images; all where None.
        kinds: whose tables to read, ``mass``, ``calc`` or both; both where None.
        overlapping: patients who are in training and in test tables go to ``test`` with all their rows, or are left out
            (``drop``).
        validation_share: share of the training patients that becomes the validation split; 0 for none.
        seed: of their choice.
        masks: whether to include the masks as run-length encodings.
        workers: processes that read images; as many as processors where None.
        show_progress: progress bars on standard error.

    Raises:
        ConversionError: an unknown option, no tables, a table that lacks a column, a split that was asked for and is
            empty, or no image.
    """
    src, report = Path(src), ConversionReport()
    _check_names(splits or (), SPLITS, 'split')
    _check_names(kinds or (), KINDS, 'kind')
    release = ReleaseFiles(src, report)
    tables = find_tables(release, kinds or KINDS)
    abnormalities, lost = read_abnormalities(tables, report)
    rows = assign_splits(abnormalities, overlapping, validation_share, seed, report)
    rows = [(row, split) for row, split in rows if split in (splits or SPLITS)]
    files = DownloadedFiles(release)
    films, missing = _find_films(rows, files, lost, report)
    films, unreadable = _inspect_films(src, films, report, workers, show_progress)
    films = _merge_same_films(src, films, report)
    _adopt([*missing, *unreadable], films, lost, report)
    _count_lost(films, lost)
    names = ViewNumbering()
    images = [_image_record(number, src, film, names) for number, film in enumerate(films, start=1)]
    findings = _read_findings(films, files, masks, report, workers, show_progress)
    for split in splits or ():
        report.check_split(split, images, src)
    return report.build(
        images, findings, converter='cbis-ddsm', source=src, release='CBIS-DDSM',
        tables=[path.name for path in tables.values()],
    )  # fmt: skip


def _check_names(wanted: Sequence[str], known: Sequence[str], what: str) -> None:
    if unknown := [name for name in wanted if name not in known]:
        raise ConversionError(f'unknown {what} {unknown}: expected {", ".join(known)}')


def _find_films(
    rows: Sequence[tuple[Abnormality, str]], files: DownloadedFiles, lost: list[str], report: ConversionReport
) -> tuple[list[_Film], list[Abnormality]]:
    """Films whose file exists, each with its rows; and the rows of the other films. Adds to the lost findings."""
    films: dict[str, _Film | None] = {}
    orphans = []
    for row, split in rows:
        if row.film_name not in films:
            try:
                films[row.film_name] = _Film(files.find_film(row.film_path), split)
            except ValueError as error:
                films[row.film_name] = None
                report.drop(row.where, str(error), 'images')
        film = films[row.film_name]
        if film is None:
            orphans.append(row)
        elif film.rows and film.rows[0].film_key != row.film_key:
            shown = ' '.join(film.rows[0].film_key)
            report.drop(row.where, f'{row.film_name} is {shown} by {film.rows[0].where}', 'findings')
            lost.append(row.film)
        else:
            film.rows.append(row)
    return [film for film in films.values() if film is not None], orphans


def _inspect_films(
    src: Path, films: list[_Film], report: ConversionReport, workers: int | None, show_progress: bool
) -> tuple[list[_Film], list[Abnormality]]:
    """Films that can be read, with their headers; and the rows of the others."""
    inspected = inspect_images([film.path for film in films], [None] * len(films), workers, show_progress)
    readable, orphans = [], []
    for film, found in zip(films, inspected, strict=True):
        problem = found.problem
        if found.header is not None and found.header.modality != 'FFDM':
            problem = f'is an image of modality {found.header.modality}, not a film'
        if problem:
            report.drop(film.rows[0].where, f'{film.path.relative_to(src)}: {problem}', 'images')
            orphans.extend(film.rows)
            continue
        film.header = found.header
        readable.append(film)
    return readable, orphans


def _merge_same_films(src: Path, films: list[_Film], report: ConversionReport) -> list[_Film]:
    """One film for each that the release holds twice, as a film of masses and as one of calcifications.

    Kept apart, each copy would miss the findings of the other, and a model would be punished for finding them. Films of
    DDSM have sizes of their own, so the same patient, view and size mean the same scan.
    """
    merged: dict[tuple[str, str], list[_Film]] = defaultdict(list)
    for film in films:
        row, copies = film.rows[0], merged[film.rows[0].film_key]
        name = film.path.relative_to(src)
        if same := [kept for kept in copies if kept.size == film.size]:
            reason = f'{name} is the same film as {same[0].path.relative_to(src)}: one image with the findings of both'
            report.note(row.where, reason, 'films_in_both_kinds')
            same[0].rows.extend(film.rows)
            continue
        if copies:
            reason = f'{name} shows the view of {copies[0].path.relative_to(src)} in another size: kept as a repeat'
            report.note(row.where, reason, 'films_of_other_size')
        copies.append(film)
    return [film for copies in merged.values() for film in copies]


def _adopt(orphans: Sequence[Abnormality], films: Sequence[_Film], lost: list[str], report: ConversionReport) -> None:
    """Gives findings whose own copy of a film is missing to the other copy, where there is one; else they are lost."""
    copies: dict[tuple[str, str], list[_Film]] = defaultdict(list)
    for film in films:
        copies[film.rows[0].film_key].append(film)
    for row in orphans:
        if len(found := copies[row.film_key]) == 1:
            found[0].rows.append(row)
            reason = f'no image {row.film_name}: finding given to {found[0].rows[0].film_name}'
            report.note(row.where, reason, 'adopted_findings')
        else:
            report.drop(row.where, f'no image {row.film_name}', 'findings')
            lost.append(row.film)


def _count_lost(films: Sequence[_Film], lost: Sequence[str]) -> None:
    """Marks the films on which findings are that no row tells: one of two copies may have them, so that both do."""
    findings = Counter(lost)
    for film in films:
        film.num_lost = sum(findings[name] for name in {row.film for row in film.rows})


def _image_record(number: int, src: Path, film: _Film, names: ViewNumbering) -> ImageRecord:
    row, header = film.rows[0], film.header
    return ImageRecord(
        id=number,
        file_name=film.path.relative_to(src).as_posix(),
        width=header.columns,
        height=header.rows,
        num_slices=1,
        patient_id=row.patient_id,
        # Each film has a study UID of its own, and no patient more than one exam: her id joins the views of a breast.
        study_uid=row.patient_id,
        view=str(row.view),
        modality='FFDM',
        view_name=names.name_next(row.view, row.patient_id, row.patient_id, 'FFDM'),
        manufacturer=header.manufacturer,
        # Films were digitised by several scanners at 42 to 50 um, and nothing says by which.
        spacing_mm=None,
        split=film.split,
        labels=_labels(film),
    )


def _labels(film: _Film) -> dict[str, object]:
    """Labels of a film; a row that could not be used leaves open what the others do not state."""
    labels = image_labels(
        [row.category for row in film.rows],
        [row.assessment for row in film.rows],
        next((row.density for row in film.rows if row.density), None),
    )
    doubtful = ('malignant', 'benign') if film.num_lost else ()
    return {name: value for name, value in labels.items() if value or name not in doubtful}


def _read_findings(
    films: list[_Film],
    files: DownloadedFiles,
    masks: bool,
    report: ConversionReport,
    workers: int | None,
    show_progress: bool,
) -> list[FindingRecord]:
    ids = lesion_ids([row for film in films for row in film.rows])
    rows = [(number, film, row) for number, film in enumerate(films, start=1) for row in film.rows]
    jobs = [RoiJob(files.find_roi_files(row.roi_paths), *film.size, masks) for _, film, row in rows]
    results = read_in_parallel(
        read_roi_mask, jobs, _lost_mask, workers=workers, title='Reading masks', show_progress=show_progress
    )
    findings = []
    report.lost_findings.update({number: film.num_lost for number, film in enumerate(films, start=1)})
    for (number, _, row), mask in zip(rows, results, strict=True):
        if mask.problem:
            reason = f'{row.film_name}, abnormality {row.number}: {mask.problem}'
            report.drop_finding(row.where, reason, 'findings', number)
            continue
        if mask.adapted:
            report.note(row.where, mask.adapted, 'masks_of_other_size')
        findings.append(_finding_record(number, row, mask, ids.get(row.key)))
    return findings


def _lost_mask(job: RoiJob) -> RoiMask:
    return RoiMask(None, problem=f'{", ".join(path.name for path in job.paths)}: {LOST}')


def _finding_record(image_id: int, row: Abnormality, mask: RoiMask, lesion_id: str | None) -> FindingRecord:
    attributes = {
        'type': row.type,
        'release_name': row.release_name,
        'pathology': row.pathology,
        'birads': row.assessment,
        **row.descriptors,
    }
    if row.subtlety is not None:
        attributes['subtlety'] = row.subtlety
    return FindingRecord(
        image_id=image_id,
        category=row.category,
        bbox_xywh=mask.box_xywh,
        lesion_id=lesion_id,
        segmentation=mask.segmentation,
        attributes=attributes,
    )


def lesion_ids(rows: Sequence[Abnormality]) -> dict[tuple[str, ...], str]:
    """Lesion ids by row key, such as ``P_00001-L-1``; rows that cannot be linked have none."""
    breasts: dict[tuple[str, str], list[Abnormality]] = defaultdict(list)
    for row in rows:
        breasts[row.breast].append(row)
    ids = {}
    for breast, members in breasts.items():
        seen = [
            SeenLesion(str(row.view), row.kind, row.category, (row.assessment, *sorted(row.descriptors.items())))
            for row in members
        ]
        for row, number in zip(members, link_lesions(seen), strict=True):
            if number is not None:
                ids[row.key] = '-'.join((*breast, str(number)))
    return ids
