"""What is doubtful about the images of a converted data set, by the verdict of ``mammo audit`` and ``predict``."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from typing import Any

from mammo_plugins.datasets.audit import AuditThresholds, ImageFacts, InspectionJob, inspect_file
from mammo_plugins.datasets.audit.file_verdict import judge_file
from mammo_plugins.datasets.parallel_reading import LOST, read_in_parallel
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.source_walk import printable_path

_NUMBERS = re.compile(r'\d+([.,]\d+)*')


def find_image_doubts(
    annotations: AnnotationSet, count: int | None, workers: int | None = None, show_progress: bool = True
) -> dict[str, Any]:
    """Looks at headers and middle slices, as the audit does, and counts what is odd by reason.

    Args:
        annotations: whose images to look at.
        count: how many, drawn at random and the same each time; all where None.
        workers: processes; one for each processor where None, this process itself where 0.
        show_progress: a progress bar on standard error.

    Returns:
        ``looked_at``, ``in_doubt`` (numbers of images) and ``reasons``, most frequent first: ``reason`` as it is said
        of the first image, ``images`` (how many it is said of, whatever the numbers in it) and ``example``, its file.

    Raises:
        ValueError: the number is negative.
    """
    if count is not None and count < 0:
        raise ValueError(f'{count} images cannot be looked at: give at least 0, or "all"')
    images = annotations.images
    if count is not None and count < len(images):
        drawn = sorted(random.Random(0).sample(range(len(images)), count))
        images = [images[index] for index in drawn]
    jobs = [InspectionJob(annotations.resolve_path(image), rotated_180=image.rotated_180) for image in images]
    facts = read_in_parallel(
        inspect_file, jobs, _lost, workers=workers, title='Looking for doubts', show_progress=show_progress
    )
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    in_doubt = 0
    for image, found in zip(images, facts, strict=True):
        verdict = judge_file(found, AuditThresholds(), known_turned=image.rotated_180, view=image.view_key)
        told = (f'cannot be used: {verdict.left_out}',) if verdict.left_out else verdict.doubts
        in_doubt += bool(told)
        for reason in told:
            said[_NUMBERS.sub('#', reason)].append((reason, printable_path(image.file_name)))
    reasons = [
        {'reason': entries[0][0], 'images': len(entries), 'example': entries[0][1]}
        for entries in sorted(said.values(), key=len, reverse=True)
    ]
    return {'looked_at': len(images), 'in_doubt': in_doubt, 'reasons': reasons}


def _lost(job: InspectionJob) -> ImageFacts:
    return ImageFacts(problem=LOST)
