"""Contrastive pretraining of a backbone.

Glossary: n images of this process and N of all, K copies of each, D size of an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn

from mammo_plugins.models.layers.recompute import recompute_in_training
from mammo_plugins.structures.image_identity import ImageIdentity

from .gathering import gather_samples
from .pair_rules import SCHEMES, SampleKeys


@MODELS.register_module()
class ContrastivePretraining(BaseModel):
    """A backbone and a projection head that learn which images belong together: SimCLR, MSCL, MVCL and MSVCL.

    All copies of all images of all processes are compared; loss and gradient are those of one process with the whole
    batch, as far as the network treats samples one by one. Batch normalisation sees the samples of its own process,
    unless the config says ``sync_bn='torch'`` (GPUs only). The backbone's weights have the prefix ``backbone.`` in
    checkpoints.

    Source: MSVCL v2 (Li et al.), section III; SimCLR (Chen et al. 2020).

    Args:
        backbone: config; its last feature map is used.
        neck: config of the projection head, which gives one tensor (N, D) in a tuple.
        scheme: ``simclr``, ``mscl``, ``mvcl``, ``msvcl``, ``mscl_v2``, ``mvcl_v2`` or ``msvcl_v2``; see
            :mod:`~mammo_plugins.models.pretraining.pair_rules`.
        loss: config of the loss of pairs.
        data_preprocessor: config; ``CopiesDataPreprocessor`` gives what is needed.
        recompute: a training step keeps the inputs of the residual blocks only, and computes the rest again in its
            backward pass; losses and gradients stay the same.
        init_cfg: as for every model of mmengine.

    Raises:
        ValueError: no such scheme, or ``recompute`` for a backbone that is no ResNet of mmdet or mmpretrain.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        scheme: str = 'simclr',
        loss: dict | None = None,
        data_preprocessor: dict | None = None,
        recompute: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if scheme not in SCHEMES:
            raise ValueError(f'scheme is one of {", ".join(SCHEMES)}, got {scheme!r}')
        # Built here, since mmengine's model looks in its own registry only.
        super().__init__(MODELS.build(data_preprocessor or dict(type='CopiesDataPreprocessor')), init_cfg)
        self.scheme = scheme
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.pair_loss = MODELS.build(loss or dict(type='MaskedNTXentLoss'))
        if recompute:
            recompute_in_training(_residual_blocks(self.backbone))

    def forward(
        self, inputs: Sequence[Tensor], data_samples: Sequence[ImageIdentity] | None = None, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor]:
        """Embeddings (K * n, D), or in mode ``loss`` the losses.

        Args:
            inputs: K tensors (n, C, H, W).
            data_samples: n identities of the images.
            mode: ``tensor`` or ``loss``.

        Raises:
            ValueError: another mode: there is nothing to predict.
        """
        if mode == 'tensor':
            return self.embed(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        raise ValueError(f'pretraining has the modes tensor and loss, got {mode!r}: it predicts nothing')

    def embed(self, inputs: Sequence[Tensor]) -> Tensor:
        """Embeddings (K * n, D): those of the first copies, then of the second ones, and so on."""
        features = self.backbone(torch.cat(list(inputs)))
        return self.neck((features[-1],))[0]

    def loss(self, inputs: Sequence[Tensor], data_samples: Sequence[ImageIdentity]) -> dict[str, Tensor]:
        """The loss of each half of the scheme over the batch of all processes, and how many pairs it has.

        Args:
            inputs: K tensors (n, C, H, W).
            data_samples: n identities.

        Returns:
            ``loss_style``, ``loss_view`` or ``loss_image``, and ``style_pairs`` and so on, which is logged.
        """
        embeddings = self.embed(inputs)
        numbers = torch.tensor([sample.numbers() for sample in data_samples], device=embeddings.device)
        keys = SampleKeys(*gather_samples(numbers.repeat(len(inputs), 1)).T)
        everyone = gather_samples(embeddings)
        losses = {}
        for name, rule in SCHEMES[self.scheme].items():
            pairs = rule(keys)
            losses[f'loss_{name}'] = self.pair_loss(everyone, *pairs)
            losses[f'{name}_pairs'] = pairs.positives.sum().float()
        return losses


def _residual_blocks(backbone: nn.Module) -> list[nn.Module]:
    if not (names := getattr(backbone, 'res_layers', [])):
        raise ValueError(f'recompute=True needs a ResNet, got {type(backbone).__name__}: leave it out')
    return [block for name in names for block in getattr(backbone, name)]
