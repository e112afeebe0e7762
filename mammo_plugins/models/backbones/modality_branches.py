"""Detectors of single modalities as feature extractors of one that reads several.

Glossary: A reads the synthetic mammogram (SM), B reads the SM and mimics C, C reads the FFDM; h is what each of them
gives a detection head.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

PARTS = ('sm', 'mimic', 'ffdm')
FEATURES = ('bifpn', 'towers')


@MODELS.register_module()
class ModalityBranches(BaseModule):
    """A, B and C: whole detectors, of which those that are not trained stay frozen and in evaluation mode.

    Source: SM/FFDM fusion (Sharma et al. 2024), section 4 and figure 3.

    Args:
        sm, mimic, ffdm: configs of A, B and C, such as an ``EfficientDet``; None for one that is not there.
        trained: names of those that learn.
        h_from: what h is: the output of the ``bifpn``, or of the ``towers`` before their last convolutions, the class
            tower's channels before the box tower's.
        init_cfg: as for every module of mmengine.

    Raises:
        ValueError: an unknown name.
    """

    def __init__(
        self,
        sm: dict | None = None,
        mimic: dict | None = None,
        ffdm: dict | None = None,
        trained: Sequence[str] = (),
        h_from: str = 'bifpn',
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if h_from not in FEATURES:
            raise ValueError(f'h_from is one of {", ".join(FEATURES)}, got {h_from!r}')
        configs = {name: config for name, config in zip(PARTS, (sm, mimic, ffdm)) if config is not None}
        if unknown := sorted(set(trained) - set(configs)):
            raise ValueError(f'trained names {", ".join(unknown)}, but there are {", ".join(configs)} only')
        self.h_from, self.trained = h_from, tuple(trained)
        for name, config in configs.items():
            self.add_module(name, MODELS.build(config))
            for parameter in self._unused(name):
                parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> ModalityBranches:
        """Sets the mode of what is trained; the rest stays in evaluation mode, its batch statistics with it."""
        super().train(mode)
        for name, branch in self.named_children():
            if name not in self.trained:
                branch.eval()
        return self

    def h(self, name: str, images: Tensor) -> tuple[Tensor, ...]:
        """What a branch gives a head: levels (N, C, H_l, W_l), with ``towers`` (N, 2 C, H_l, W_l)."""
        branch = getattr(self, name)
        with nullcontext() if name in self.trained else torch.no_grad():
            levels = branch.extract_feat(images)
            if self.h_from == 'bifpn':
                return tuple(levels)
            towers = branch.bbox_head.class_tower, branch.bbox_head.box_tower
            return tuple(
                torch.cat([tower.features(index, level) for tower in towers], dim=1)
                for index, level in enumerate(levels)
            )

    def forward(self, images: dict[str, Tensor]) -> dict[str, tuple[Tensor, ...]]:
        """h of the named branches from their images."""
        return {name: self.h(name, own) for name, own in images.items()}

    def _unused(self, name: str) -> list[nn.Parameter]:
        """Parameters of a branch that no loss reaches, or that are not to learn."""
        branch = getattr(self, name)
        if name not in self.trained:
            return list(branch.parameters())
        head = branch.bbox_head
        if self.h_from == 'bifpn':
            return list(head.parameters())
        return [*head.class_tower.predict.parameters(), *head.box_tower.predict.parameters()]
