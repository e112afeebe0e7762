"""From files that somebody has to an annotation set without findings, so that a data set can read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mammo_plugins.datasets.audit.audit_thresholds import AuditThresholds
from mammo_plugins.io.coco_volume import AnnotationSet, ImageRecord
from mammo_plugins.io.source_walk import printable_path, walk_source

from .candidates import Candidate, judge_candidates, open_candidates
from .choice import choose_by_view, drop_repeated_instances
from .counted_notes import note_texts
from .exams import Exam, doubt_strangers, tell_exams


@dataclass
class FoundImages:
    """Images of a folder, and what was left out of it.

    Attributes:
        annotations: the usable breast images, perhaps none; their malignancy is unknown.
        left_out: file to reason.
        doubts: file to what is odd about an image that is used.
        counted_notes: sentences about the whole, such as what told patients apart, and the number of images of each.
        digests: file of a used image to the digest of its pixels, see
            :class:`~mammo_plugins.datasets.audit.image_facts.PixelFacts`.
    """

    annotations: AnnotationSet
    left_out: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    counted_notes: Counter[str] = field(default_factory=Counter)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """The sentences, with their numbers."""
        return note_texts(self.counted_notes)


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
    found = describe_files(walked.files, source if source.is_dir() else source.parent)
    found.left_out = dict(sorted({**found.left_out, **walked.problems}.items()))
    if not found.annotations.images:
        raise ValueError(no_usable_image(source, found.left_out))
    return found


def describe_files(
    files: Iterable[Path], root: Path, first_id: int = 1, spread: Mapping[str, int] | None = None
) -> FoundImages:
    """Describes some files, as :func:`find_images` does all of a folder; there may be no image among them.

    Args:
        files: all files of the exams that they belong to.
        root: the folder that was searched.
        first_id: id of the first image.
        spread: see :func:`~.exams.tell_exams`.
    """
    # Judged first: of two copies, the one that can be used counts.
    found = drop_repeated_instances(judge_candidates(open_candidates(files), AuditThresholds()))
    exams, notes = tell_exams(found.images, root, spread)
    chosen, repeated = choose_by_view(doubt_strangers(found.images, exams), exams)
    records, doubts = _records(chosen, first_id)
    return FoundImages(
        AnnotationSet(records, [], {'root': '', 'source': 'files of the user'}),
        dict(sorted({**found.left_out, **repeated}.items())),
        doubts,
        notes,
        {str(image.path): image.pixels.digest for image, _ in chosen if image.pixels is not None},
    )


def no_usable_image(source: str | Path, left_out: Mapping[str, str]) -> str:
    """That a source has nothing to predict, and why, file by file."""
    reasons = ''.join(f'\n    {printable_path(path)}: {reason}' for path, reason in left_out.items())
    return f'no usable breast image in {printable_path(source)}{reasons or ": it holds no file"}'


def _records(chosen: list[tuple[Candidate, Exam]], first_id: int) -> tuple[list[ImageRecord], dict[str, str]]:
    records, doubts = [], {}
    views: Counter[tuple[str, ...]] = Counter()
    for number, (image, exam) in enumerate(chosen, start=first_id):
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
