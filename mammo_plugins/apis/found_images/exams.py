"""Which images are of one patient and one exam, and what tells.

Images of two patients must never be read as one breast. Ids that a de-identifier gave to everybody tell nothing, so
that without a Study Instance UID the folder decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from mammo_plugins.io.source_walk import printable_path

from .candidates import Candidate
from .counted_notes import COUNT
from .placeholder_ids import is_made_up_uid, is_placeholder

Exam = tuple[str, str]
"""(patient id, study)."""

_SEVERAL_STUDY_IDS = 'have one Study Instance UID and several Study IDs'
_SEVERAL_MAKERS = 'have no Study Instance UID and come from several manufacturers'


def tell_exams(
    images: Sequence[Candidate], source: Path, spread: Mapping[str, int] | None = None
) -> tuple[list[Exam], Counter[str]]:
    """The exam of each image, and sentences that say what told them apart, with the number of images of each.

    Args:
        images: what was found.
        source: the folder that was searched; folders are named from here.
        spread: patient id to the number of folders that hold images of it without a study, where these are not all.
    """
    folders: dict[str, set[Path]] = defaultdict(set)  # of images without a study, by patient id
    for image in images:
        if not image.header.study_uid:
            folders[image.header.patient_id].add(image.folder)
    exams: list[Exam] = []
    for image in images:
        folder = _folder_name(image.folder, source)
        patient = image.header.patient_id or image.header.study_uid or folder
        lies_in_one = (spread or {}).get(image.header.patient_id, len(folders[image.header.patient_id])) == 1
        exams.append((patient, image.header.study_uid or (patient if lies_in_one else folder)))
    sentences = _sentences(images, folders)
    parted, counts = _part_strangers(images, exams, source)
    for why, count in counts.items():
        sentences[
            f'{COUNT} images with an id that stands for nobody {why}, and may be of several patients: they are not '
            'read together beyond their folder, or at all within it.'
        ] += count
    return parted, sentences


def doubt_strangers(images: Sequence[Candidate], exams: Sequence[Exam]) -> list[Candidate]:
    """The images, in doubt where an exam lies in several folders or repeats a view, and no id names its patient."""
    repeats = _repeats_a_view(images, exams)
    folders: dict[Exam, set[Path]] = defaultdict(set)
    for image, exam in zip(images, exams):
        folders[exam].add(image.folder)
    reason = 'of one exam with others by the Study Instance UID alone: the patient id stands for nobody'
    return [
        image.doubt(reason)
        if is_placeholder(image.header.patient_id) and (len(folders[exam]) > 1 or repeats[exam])
        else image
        for image, exam in zip(images, exams)
    ]


def _folder_name(folder: Path, source: Path) -> str:
    """The folder as it is called from the source on."""
    try:
        relative = folder.relative_to(source).as_posix()
    except ValueError:
        relative = folder.name
    return printable_path(folder.name or 'files' if relative == '.' else relative)


def _part_strangers(
    images: Sequence[Candidate], exams: Sequence[Exam], source: Path
) -> tuple[list[Exam], dict[str, int]]:
    """Parts the exams of nobody whose images may be of two patients.

    Those of one Study Instance UID are parted by folder (and Study ID), those without any by manufacturer. Without a
    study of their own, each image of a folder that repeats a view is an exam of its own.

    Returns:
        The exams, and the number of images that were parted by why.
    """
    suspicions = _suspect(images, exams)
    by_folder: list[Exam] = []
    for image, (patient, study), why in zip(images, exams, suspicions):
        if why and image.header.study_uid:
            study_id = image.header.study_id if why == _SEVERAL_STUDY_IDS else ''
            study = '/'.join(filter(None, [study, study_id, _folder_name(image.folder, source)]))
        elif why == _SEVERAL_MAKERS:
            study = f'{study}/{printable_path(image.header.manufacturer)}'
        by_folder.append((patient, study))
    still = _repeats_a_view(images, by_folder)
    parted: list[Exam] = [
        (patient, f'{study}/{printable_path(image.path.name)}')
        if why and still[patient, study] and is_made_up_uid(image.header.study_uid)
        else (patient, study)
        for image, (patient, study), why in zip(images, by_folder, suspicions)
    ]
    # An exam that keeps all of its images was not parted: it keeps its name too.
    parts: dict[Exam, set[Exam]] = defaultdict(set)
    for old, new in zip(exams, parted):
        parts[old].add(new)
    counts = Counter(why for old, why in zip(exams, suspicions) if why and len(parts[old]) > 1)
    return [new if len(parts[old]) > 1 else old for old, new in zip(exams, parted)], counts


def _suspect(images: Sequence[Candidate], exams: Sequence[Exam]) -> list[str]:
    """Why an image of nobody may be of another patient than the rest of its exam; empty where nothing says so."""
    repeats = _repeats_a_view(images, exams)
    study_ids: dict[Exam, set[str]] = defaultdict(set)
    makers: dict[tuple[Exam, str], set[str]] = defaultdict(set)  # by modality: software may have computed one
    for image, exam in zip(images, exams):
        study_ids[exam].update(filter(None, [image.header.study_id]))
        makers[exam, image.header.modality].update(filter(None, [image.header.manufacturer]))
    reasons = []
    for image, exam in zip(images, exams):
        if not is_placeholder(image.header.patient_id):
            reason = ''
        elif image.header.study_uid and len(study_ids[exam]) > 1:
            reason = _SEVERAL_STUDY_IDS
        elif not image.header.study_uid and len(makers[exam, image.header.modality]) > 1:
            reason = _SEVERAL_MAKERS
        elif repeats[exam]:
            reason = 'repeat a view of their exam'
        elif image.header.study_uid and is_made_up_uid(image.header.study_uid):
            reason = 'have a Study Instance UID that looks made up'
        else:
            reason = ''
        reasons.append(reason)
    return reasons


def _repeats_a_view(images: Sequence[Candidate], exams: Sequence[Exam]) -> dict[Exam, bool]:
    views: dict[Exam, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for image, exam in zip(images, exams):
        header = image.header
        views[exam][(header.modality, str(header.view), *header.view_modifiers, str(header.for_processing))] += 1
    return {exam: max(counts.values()) > 1 for exam, counts in views.items()}


def _sentences(images: Sequence[Candidate], folders: Mapping[str, set[Path]]) -> Counter[str]:
    told: Counter[str] = Counter()
    without = sum(not image.header.study_uid for image in images)
    if without < len(images):
        told[f'{COUNT} images are told apart by Patient ID and Study Instance UID.'] = len(images) - without
    if without:
        told[
            f'{COUNT} images have no Study Instance UID: told apart by patient id and folder; images of different '
            'folders are never read as one breast.'
        ] = without
    for name in sorted({image.header.patient_id for image in images if is_placeholder(image.header.patient_id)}):
        shown = f'Patient id {printable_path(name)!r} stands for nobody' if name else 'Without a patient id'
        of_name = [image for image in images if image.header.patient_id == name]
        if folders.get(name):
            told[f'{shown}: the images of one folder are taken for one patient.'] = len(of_name)
        if any(image.header.study_uid for image in of_name):
            told[
                f'{shown}: the images of one Study Instance UID are taken for one patient, or those of one folder '
                'where it may be of several patients.'
            ] = len(of_name)
    return told
