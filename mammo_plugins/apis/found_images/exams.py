"""Which images are of one patient and one exam, and what tells.

Images of two patients must never be read as one breast. Ids that a de-identifier gave to everybody tell nothing, so
that without a Study Instance UID the folder decides.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.io.source_walk import printable_path

from .candidates import Candidate

Exam = tuple[str, str]
"""(patient id, study)."""

_PLACEHOLDER = re.compile(
    r'(anon\w*|de-?id\w*|unknown|none|null|n/?a|removed|patient|test|id|x+|0+|[-_.* ]*)', re.IGNORECASE
)


def tell_exams(images: Sequence[Candidate], source: Path) -> tuple[list[Exam], list[str]]:
    """The exam of each image, and sentences that say what told them apart.

    Args:
        images: what was found.
        source: the folder that was searched; folders are named from here.
    """
    folders: dict[str, set[Path]] = defaultdict(set)  # of images without a study, by patient id
    for image in images:
        if not image.header.study_uid:
            folders[image.header.patient_id].add(image.folder)
    exams: list[Exam] = []
    for image in images:
        folder = _folder_name(image.folder, source)
        patient = image.header.patient_id or image.header.study_uid or folder
        lies_in_one = len(folders[image.header.patient_id]) == 1
        exams.append((patient, image.header.study_uid or (patient if lies_in_one else folder)))
    sentences = _sentences(images, folders)
    parted, count = _part_strangers(images, exams, source)
    if count:
        sentences.append(
            f'{count} images with an id that stands for nobody repeat a view of their exam, and may be of several '
            'patients: they are not read together beyond their folder, or at all within it.'
        )
    return parted, sentences


def is_placeholder(patient_id: str) -> bool:
    """Whether an id is what de-identifiers write for everybody."""
    return _PLACEHOLDER.fullmatch(patient_id) is not None


def _folder_name(folder: Path, source: Path) -> str:
    """The folder as it is called from the source on."""
    try:
        relative = folder.relative_to(source).as_posix()
    except ValueError:
        relative = folder.name
    return printable_path(folder.name or 'files' if relative == '.' else relative)


def _part_strangers(images: Sequence[Candidate], exams: Sequence[Exam], source: Path) -> tuple[list[Exam], int]:
    """Parts the exams of nobody in which a view occurs twice: their images may be of two patients.

    Those of one Study Instance UID are parted by folder, and where a folder repeats a view, and without a study, each
    image is an exam of its own.
    """
    by_exam = _repeats_a_view(images, exams)
    suspected = [is_placeholder(image.header.patient_id) and by_exam[exam] for image, exam in zip(images, exams)]
    by_folder: list[Exam] = [
        (patient, f'{study}/{_folder_name(image.folder, source)}')
        if is_suspected and image.header.study_uid
        else (patient, study)
        for image, (patient, study), is_suspected in zip(images, exams, suspected)
    ]
    still = _repeats_a_view(images, by_folder)
    parted: list[Exam] = [
        (patient, f'{study}/{printable_path(image.path.name)}')
        if is_suspected and still[patient, study] and not image.header.study_uid
        else (patient, study)
        for image, (patient, study), is_suspected in zip(images, by_folder, suspected)
    ]
    return parted, sum(new != old for new, old in zip(parted, exams))


def _repeats_a_view(images: Sequence[Candidate], exams: Sequence[Exam]) -> dict[Exam, bool]:
    views: dict[Exam, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for image, exam in zip(images, exams):
        header = image.header
        views[exam][(header.modality, str(header.view), *header.view_modifiers, str(header.for_processing))] += 1
    return {exam: max(counts.values()) > 1 for exam, counts in views.items()}


def _sentences(images: Sequence[Candidate], folders: dict[str, set[Path]]) -> list[str]:
    told = []
    without = sum(not image.header.study_uid for image in images)
    if without < len(images):
        told.append(f'{len(images) - without} images are told apart by Patient ID and Study Instance UID.')
    if without:
        told.append(
            f'{without} images have no Study Instance UID: told apart by patient id and folder; images of different '
            'folders are never read as one breast.'
        )
    for name in sorted(name for name, found in folders.items() if is_placeholder(name)):
        shown = f'Patient id {printable_path(name)!r} stands for nobody' if name else 'Without a patient id'
        told.append(f'{shown}: the images of one folder are taken for one patient.')
    return told
