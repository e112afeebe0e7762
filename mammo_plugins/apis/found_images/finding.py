"""From files that somebody has to an annotation set without findings, so that a data set can read them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mammo_plugins.datasets.audit.audit_thresholds import AuditThresholds
from mammo_plugins.io.coco_volume import AnnotationSet, ImageRecord
from mammo_plugins.io.source_walk import printable_path, walk_source

from .candidates import Candidate, Candidates, judge_candidates, open_candidates
from .choice import choose_by_view, drop_repeated_instances
from .exams import Exam, doubt_strangers, tell_exams


@dataclass
class FoundImages:
    """Images of a folder, and what was left out of it.

    Attributes:
        annotations: the usable breast images; their malignancy is unknown.
        left_out: file to reason.
        doubts: file to what is odd about an image that is used.
        notes: sentences about the whole: what told patients apart.
    """

    annotations: AnnotationSet
    left_out: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_images(source: str | Path) -> FoundImages:
    """Describes the DICOM, PNG and MetaImage files of a folder (with its sub-folders), or one, by header and a slice.

    Files of one slice each become volumes by series, patient, acquisition and geometry, wherever they lie. What is no
    image of a whole breast, or is there twice, is left out by file and reason. Images of one exam and modality whose
    view occurs twice get suffixed view names (``lcc``, ``lcc2``), and that is said.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: none of the files can be used; the message says why for each.
    """
    source = Path(source).absolute()
    walked = walk_source(source)
    # Judged first: of two copies, the one that can be used counts.
    found = drop_repeated_instances(judge_candidates(open_candidates(walked.files), AuditThresholds()))
    found.left_out.update(walked.problems)
    exams, notes = tell_exams(found.images, source if source.is_dir() else source.parent)
    chosen, repeated = choose_by_view(doubt_strangers(found.images, exams), exams)
    found.left_out.update(repeated)
    if not chosen:
        raise ValueError(f'no usable breast image in {printable_path(source)}{_reasons(found)}')
    records, doubts = _records(chosen)
    annotations = AnnotationSet(records, [], {'root': '', 'source': 'files of the user'})
    return FoundImages(annotations, dict(sorted(found.left_out.items())), doubts, notes)


def _reasons(found: Candidates) -> str:
    listed = sorted(found.left_out.items())
    return ''.join(f'\n    {printable_path(path)}: {reason}' for path, reason in listed) or ': it holds no file'


def _records(chosen: list[tuple[Candidate, Exam]]) -> tuple[list[ImageRecord], dict[str, str]]:
    records, doubts = [], {}
    views: Counter[tuple[str, ...]] = Counter()
    for number, (image, exam) in enumerate(chosen, start=1):
        view = str(image.header.view)
        views[(*exam, view, image.header.modality)] += 1
        repeat = views[(*exam, view, image.header.modality)]
        records.append(_record(number, image, exam, repeat))
        if repeat > 1:
            image = image.doubt(f'image {repeat} of {view} in this exam: a repeat, or of another exam')
        if image.doubts:
            doubts[str(image.path)] = '; '.join(image.doubts)
    return records, doubts


def _record(number: int, image: Candidate, exam: Exam, repeat: int) -> ImageRecord:
    header = image.header
    name = str(header.view).lower().replace('-', '')
    return ImageRecord(
        id=number,
        file_name=image.path.as_posix(),
        width=header.columns,
        height=header.rows,
        num_slices=header.num_slices,
        patient_id=exam[0],
        study_uid=exam[1],
        view=str(header.view),
        modality=header.modality,
        view_name=name if repeat == 1 else f'{name}{repeat}',
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        slice_spacing_mm=header.slice_spacing_mm,
        acquisition_time_s=header.acquisition_time_s,
        computed=header.is_computed,
        rotated_180=image.pixels is not None and image.pixels.is_stored_turned,
    )
