"""The buckets of a comparison, with some examples of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mammo_plugins.evaluation.disagreements import Disagreements
from mammo_plugins.evaluation.functional import all_patterns
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.visualization.disagreement_page import Bucket, Example
from mammo_plugins.visualization.disagreement_tables import false_title, found_title

from .panels import in_words, lesion_example, view_example


def describe_buckets(
    result: Disagreements, annotations: AnnotationSet, examples: int, seed: int
) -> tuple[list[Bucket], list[str]]:
    """The buckets with examples, and a sentence for each image that cannot be read.

    Lesions first, from those that all models found to those that all missed, then views by false positives, those that
    have none left out.

    Args:
        result: what was compared.
        annotations: the file that the images are in.
        examples: most of a bucket; drawn at random, and shown in the order of the annotation file.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    notes: list[str] = []

    def bucket(title: str, what: str, members: np.ndarray, describe: Callable[[int], Example]) -> Bucket:
        return Bucket(title, in_words(len(members), what), _draw(members, describe, examples, rng, notes))

    def of_lesion(member: int) -> Example:
        return lesion_example(result, annotations, result.lesions[member])

    def of_view(member: int) -> Example:
        return view_example(result, annotations, result.views[member])

    patterns = all_patterns(len(result.models))
    buckets = [
        bucket(found_title(*_names(result, pattern)), 'lesion', _members(result.found, pattern), of_lesion)
        for pattern in patterns
    ]
    has_false = result.false_positives > 0
    buckets += [
        bucket(false_title(*_names(result, pattern)), 'view', _members(has_false, pattern), of_view)
        for pattern in patterns
        if any(pattern)
    ]
    return buckets, list(dict.fromkeys(notes))


def _members(rows: np.ndarray, pattern: Sequence[bool]) -> np.ndarray:
    return np.flatnonzero((rows == np.array(pattern)).all(axis=1))


def _names(result: Disagreements, pattern: Sequence[bool]) -> tuple[list[str], list[str]]:
    having = [name for name, there in zip(result.names, pattern) if there]
    return having, [name for name in result.names if name not in having]


def _draw(
    members: np.ndarray,
    describe: Callable[[int], Example],
    examples: int,
    rng: np.random.Generator,
    notes: list[str],
) -> list[Example]:
    """Examples of readable images; what cannot be read gives its place to another member."""
    drawn: dict[int, Example] = {}
    for member in rng.permutation(members).tolist():
        if len(drawn) == examples:
            break
        try:
            drawn[member] = describe(member)
        except UnreadableImageError as error:
            # Folders may say who somebody is.
            notes.append(f'Not shown: {printable_path(Path(error.path).name)}: {error.reason}.')
    return [drawn[member] for member in sorted(drawn)]
