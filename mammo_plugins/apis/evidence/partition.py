"""Proof that nothing that is tested was there in training: no patient, study, file or picture is shared."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.datasets.audit import ImageFacts, InspectionJob, inspect_file
from mammo_plugins.datasets.parallel_reading import LOST, read_in_parallel
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations
from mammo_plugins.io.source_digest import digest_file, digest_source

NOTHING_SHARED, BROKEN, NOT_SHOWN = 'nothing is shared', 'broken', 'could not be shown'
"""Verdicts of a proof."""

_MOST_NAMED = 20  # images of an identity that is shared


@dataclass(frozen=True)
class SeenImage:
    """An image with everything by which it could be known again.

    Attributes:
        record: as the annotation file has it.
        file: name of that file.
        facts: what its header and pixels say.
        sha256: of its file; None where it cannot be read.
    """

    record: ImageRecord
    file: str
    facts: ImageFacts
    sha256: str | None

    @property
    def name(self) -> str:
        """By ids of the annotation file."""
        record = self.record
        return f'image {record.id} of {self.file} ({record.patient_id} / {record.study_uid} / {record.view_name})'


# What two images share where they are of one patient, study or picture; None where an image does not tell.
_IDENTITIES: dict[str, Callable[[SeenImage], str | None]] = {
    'patient': lambda image: image.record.patient_id,
    'study': lambda image: image.record.study_uid,
    'Study Instance UID of the header': lambda image: _of_header(image, 'study_uid'),
    'SOP Instance UID of the header': lambda image: _of_header(image, 'sop_instance_uid'),
    'bytes of the file': lambda image: image.sha256,
    'pixels (size and stored values; of a volume, its middle slice)': lambda image: (
        None if image.facts.pixels is None or image.facts.pixels.is_blank else image.facts.pixels.digest
    ),
}


def see_images(annotations: AnnotationSet, workers: int | None = None, title: str = 'headers') -> list[SeenImage]:
    """Reads the header, the pixels and the bytes of each image; what cannot be read says so in ``facts.problem``."""
    images = annotations.images
    jobs = [_Job(annotations.resolve_path(image), image.rotated_180) for image in images]
    processes = os.cpu_count() or 1 if workers is None else workers
    seen = read_in_parallel(_see, jobs, _lost, workers=processes, title=title)
    file = annotations.path.name if annotations.path else ''
    return [SeenImage(image, file, facts, sha256) for image, (facts, sha256) in zip(images, seen, strict=True)]


def partition_proof(
    tested: Sequence[SeenImage], annotations: AnnotationSet, others: Sequence[str | Path], workers: int | None = None
) -> dict[str, Any]:
    """What the test list shares with the other splits of its file, and with further files.

    Args:
        tested: the images of the list.
        annotations: the whole file; its images without a split count as training.
        others: annotation files of further training data, all of whose images count.
        workers: processes that read files.

    Returns:
        ``verdict``, :data:`NOT_SHOWN` where nothing that could be compared is shared, and not all could be; ``doubts``,
        what could not be; ``promised``, whether training data were named; what was compared, and the checks.

    Raises:
        ValueError: one of ``others`` is no annotation file.
        FileNotFoundError: it is not there.
    """
    splits = {image.record.split for image in tested}
    rest = annotations.keep(image.split not in splits for image in annotations.images)
    further = [read_annotations(path) for path in others]
    training = [image for part in (rest, *further) for image in see_images(part, workers, 'training')]
    checks = [_check(name, of, tested, training) for name, of in _IDENTITIES.items()]
    doubts = _doubts(tested, training)
    doubts += [f'{Path(path).name} has no image' for path, part in zip(others, further, strict=True) if not part.images]
    return {
        'verdict': BROKEN if any(check['shared'] for check in checks) else NOT_SHOWN if doubts else NOTHING_SHARED,
        'doubts': doubts,
        'promised': bool(training or others),
        'tested_images': len(tested),
        'training_images': len(training),
        'training_files': [
            {'file': Path(path).name, 'sha256': digest_file(path), 'images': len(part.images)}
            for path, part in zip(others, further, strict=True)
        ],
        'checks': checks,
    }


@dataclass(frozen=True)
class _Job:
    path: Path
    rotated_180: bool


def _see(job: _Job) -> tuple[ImageFacts, str | None]:
    facts = inspect_file(InspectionJob(job.path, rotated_180=job.rotated_180))
    try:
        return facts, digest_source(job.path)
    except OSError:
        return facts, None


def _lost(job: _Job) -> tuple[ImageFacts, str | None]:
    return ImageFacts(problem=LOST), None


def _doubts(tested: Sequence[SeenImage], training: Sequence[SeenImage]) -> list[str]:
    """Why nothing can be shown, as far as that is so; a file of which the bytes alone are known has no picture."""
    if not training:
        return ['there is no image of training: no other split in the annotation file, and nothing by --others']
    absent = sum(image.sha256 is None for image in tested)
    unread = sum(image.sha256 is None or image.facts.problem is not None for image in training)
    doubts = [f'{absent} of the {len(tested)} files of the test list are not there'] if absent else []
    return doubts + ([f'{unread} of the {len(training)} files of training cannot be read'] if unread else [])


def _of_header(image: SeenImage, name: str) -> str | None:
    header = image.facts.header
    return None if header is None or not header.sop_instance_uid else getattr(header, name) or None


def _check(
    name: str, identity: Callable[[SeenImage], str | None], tested: Sequence[SeenImage], training: Sequence[SeenImage]
) -> dict[str, Any]:
    mine, theirs = _by_identity(identity, tested), _by_identity(identity, training)
    shared = [key for key in mine if key in theirs]
    return {
        'identity': name,
        'in_test': len(mine),
        'in_training': len(theirs),
        'unknown_in_test': sum(identity(image) is None for image in tested),
        'unknown_in_training': sum(identity(image) is None for image in training),
        'shared': len(shared),
        'examples': [f'{mine[key].name} and {theirs[key].name}' for key in shared[:_MOST_NAMED]],
    }


def _by_identity(identity: Callable[[SeenImage], str | None], images: Sequence[SeenImage]) -> Mapping[str, SeenImage]:
    """The first image of each."""
    found: dict[str, SeenImage] = {}
    for image in images:
        if key := identity(image):
            found.setdefault(key, image)
    return found
