"""Images of a modality that a model does not read, or was not made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.config import Config
from torch import nn

from mammo_plugins.io.coco_volume import AnnotationSet


def modalities_to_read(cfg: Config, detector: nn.Module) -> list[str] | None:
    """The modalities of the test data set where images of others would be taken for them; None for all images."""
    dataset = cfg.test_dataloader.dataset
    matters = dataset.get('group_by') == 'modalities' or any(
        getattr(module, 'needs_modalities', False) for module in detector.modules()
    )
    return modalities_of_config(cfg) or None if matters else None


def modalities_of_config(cfg: Config) -> list[str]:
    """Those that the test data set names; empty where it takes all."""
    modality = cfg.test_dataloader.dataset.get('modality')
    return [modality] if isinstance(modality, str) else list(modality or ())


def other_modalities(annotations: AnnotationSet, reads: Sequence[str] | None) -> dict[str, str]:
    """File to reason, for images that the model does not read.

    Args:
        annotations: the images.
        reads: from :func:`modalities_to_read`.
    """
    if reads is None:
        return {}
    others = {}
    for image in annotations.images:
        if image.modality not in reads:
            path = annotations.resolve_path(image)
            told = ' (a PNG counts as FFDM)' if path.suffix.lower() == '.png' else ''
            others[str(path)] = f'it is {image.modality}, and the model reads {" and ".join(reads)}{told}'
    return others


def foreign_notes(known: Sequence[str], foreign: Mapping[str, int]) -> list[str]:
    """A sentence where images are read of a modality that the config has no data of, such as SM by a model of FFDM.

    Args:
        known: modalities of the config.
        foreign: others, to the number of their images.
    """
    if not foreign:
        return []
    counts = ' and '.join(f'{count} of {name}' for name, count in sorted(foreign.items()))
    return [f'The data of the config are {" and ".join(known)}; images of another kind are read too: {counts}.']
