"""The images of a predicted sample that a metric looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def views_of_modality(sample: Mapping[str, Any], modality: str | Sequence[str] | None) -> Sequence[Mapping[str, Any]]:
    """The views of a case, or the sample itself where it is a single image.

    Args:
        sample: a case or an image, as an object or a dictionary.
        modality: of the images to take of a case that pairs modalities, one or several; None for all.
    """
    views = sample.get('views')
    if views is None:
        return [sample]
    if sample.get('group_by') == 'modalities' and modality is not None:
        wanted = (modality,) if isinstance(modality, str) else modality
        return [view for view in views if view.get('modality') in wanted]
    return views
