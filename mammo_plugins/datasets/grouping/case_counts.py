"""How many cases a way of reading images together finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..annotated_image import AnnotatedImage
from .case_group import AMBIGUOUS, COMPLETE, MISSING
from .group_cases import group_cases
from .modalities import PAIRED_MODALITIES


def count_cases(images: Sequence[AnnotatedImage], group_by: str) -> dict[str, int]:
    """Cases that are ``complete``, that lack an image (``missing``), and that are ``ambiguous``.

    Args:
        images: of any modality; for ``modalities`` those count that it pairs.
        group_by: see :func:`.group_cases`.
    """
    chosen = [i for i in images if group_by != 'modalities' or i.record.modality in PAIRED_MODALITIES]
    counts = Counter(group.status for group in group_cases(chosen, group_by))
    return {status: counts[status] for status in (COMPLETE, MISSING, AMBIGUOUS)}
