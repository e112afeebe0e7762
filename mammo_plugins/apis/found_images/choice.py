"""Which of several images of one view count: no copy twice, and no raw image beside the processed one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mammo_plugins.io.source_walk import printable_path

from .candidates import Candidate, Candidates
from .exams import Exam


def drop_repeated_instances(found: Candidates) -> Candidates:
    """Each image of a SOP Instance UID once; the first in order of path is kept.

    Tools write one UID into all files: an image of another view or with other pixels is no copy, and stays in doubt.
    """
    kept: dict[str, list[Candidate]] = defaultdict(list)
    chosen = Candidates(left_out=dict(found.left_out))
    for image in found.images:
        others = kept[image.header.sop_instance_uid] if image.header.sop_instance_uid else []
        first = next((other for other in others if _shows_the_same(other, image)), None)
        if first is not None:
            chosen.left_out[str(image.path)] = (
                f'the same image as {printable_path(first.path)}: same SOP Instance UID'
                + ('' if _same_bytes(first, image) else ', but other bytes')
            )
            continue
        others.append(image)
        if len(others) > 1:
            image = image.doubt(
                f'the SOP Instance UID of {printable_path(others[0].path)}, another image by view or pixels'
            )
        chosen.images.append(image)
    return chosen


def choose_by_view(
    images: Sequence[Candidate], exams: Sequence[Exam]
) -> tuple[list[tuple[Candidate, Exam]], dict[str, str]]:
    """Leaves out copies and raw images of a view that has a processed one; says where kinds are mixed.

    Returns:
        Images with their exams, and path to reason of those left out.
    """
    kept, left_out = _drop_raw_copies(list(zip(images, exams, strict=True)))
    chosen: list[tuple[Candidate, Exam]] = []
    pixels: dict[str, tuple[Candidate, Exam]] = {}
    for image, exam in kept:
        digest = image.pixels.digest if image.pixels is not None else str(image.path)
        first, first_exam = pixels.setdefault(digest, (image, exam))
        if first is image:
            chosen.append((image, exam))
        elif _view(first, first_exam) == _view(image, exam):
            left_out[str(image.path)] = f'the same image as {printable_path(first.path)}: a copy with the same pixels'
        else:
            reason = f'the same pixels as {printable_path(first.path)}, which is of another view or exam'
            chosen.append((image.doubt(reason), exam))
    return chosen, left_out


def _drop_raw_copies(
    found: Sequence[tuple[Candidate, Exam]],
) -> tuple[list[tuple[Candidate, Exam]], dict[str, str]]:
    processed = [(image, exam) for image, exam in found if not image.header.for_processing]
    views = {_view(image, exam) for image, exam in processed}
    exams = {(*exam, image.header.modality) for image, exam in processed}
    kept, left_out = [], {}
    for image, exam in found:
        if image.header.for_processing and _view(image, exam) in views:
            left_out[str(image.path)] = 'FOR PROCESSING: the raw copy of a view that is here FOR PRESENTATION too'
        elif image.header.for_processing and (*exam, image.header.modality) in exams:
            reason = 'FOR PROCESSING beside images FOR PRESENTATION: kinds are mixed in this exam'
            kept.append((image.doubt(reason), exam))
        else:
            kept.append((image, exam))
    return kept, left_out


def _view(image: Candidate, exam: Exam) -> tuple[str, ...]:
    return (*exam, image.header.modality, str(image.header.view), *image.header.view_modifiers)


def _shows_the_same(first: Candidate, second: Candidate) -> bool:
    a, b = first.header, second.header
    if (a.modality, a.view, a.num_slices) != (b.modality, b.view, b.num_slices):
        return False
    if first.pixels is None or second.pixels is None:
        return _same_bytes(first, second)
    return first.pixels.digest == second.pixels.digest


def _same_bytes(first: Candidate, second: Candidate) -> bool:
    if first.path.is_dir() or second.path.is_dir():
        return False
    if first.path.stat().st_size != second.path.stat().st_size:
        return False
    return first.path.read_bytes() == second.path.read_bytes()
