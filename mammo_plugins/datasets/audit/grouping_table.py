"""How many cases each way of reading images together would find."""

from __future__ import annotations

from collections.abc import Sequence

from mammo_plugins.datasets.grouping import AMBIGUOUS, COMPLETE, GROUP_BY, MISSING, count_cases

from .audited_image import AuditedImage

_MEANINGS = {
    'image': 'one image',
    'breast': 'CC and MLO of one breast and modality',
    'modalities': 'SM and FFDM of one view',
    'bilateral': 'right and left in one projection and modality',
}


def grouping_rows(images: Sequence[AuditedImage]) -> list[dict[str, str]]:
    """One row for each ``group_by``: cases that are complete, that lack an image, and that are ambiguous."""
    rows = []
    for group_by in GROUP_BY:
        counts = count_cases(images, group_by)
        rows.append(
            {
                'group_by': group_by,
                'A case is': _MEANINGS[group_by],
                'Complete': str(counts[COMPLETE]),
                'Missing': str(counts[MISSING]),
                'Ambiguous': str(counts[AMBIGUOUS]),
            }
        )
    return rows
