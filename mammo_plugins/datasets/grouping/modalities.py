"""``modalities``: the synthetic mammogram and the FFDM of one view."""

from __future__ import annotations

from collections.abc import Sequence

from ..annotated_image import AnnotatedImage
from .case_group import Match, Unit
from .partner_matching import match_partners

PAIRED_MODALITIES = ('SM', 'FFDM')


def name_view(image: AnnotatedImage) -> Unit:
    """Patient, study, side and projection."""
    record = image.record
    key = (record.patient_id, record.study_uid, record.view)
    return Unit('/'.join(key), key)


def match_modalities(images: Sequence[AnnotatedImage]) -> list[Match]:
    """Pairs SM and FFDM of one view.

    Raises:
        ValueError: an image is neither; names it.
    """
    for image in images:
        if image.record.modality not in PAIRED_MODALITIES:
            raise ValueError(
                f'group_by="modalities" pairs SM and FFDM, and {image.path} is {image.record.modality}: set '
                'modality=["SM", "FFDM"] of the data set'
            )
    synthetic, exposed = ([image for image in images if image.record.modality == name] for name in PAIRED_MODALITIES)
    return match_partners(synthetic, exposed, PAIRED_MODALITIES)
