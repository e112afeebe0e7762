"""DisAsymNet: what differs between the breasts, and what they would look like if they were symmetric.

Glossary: B pairs, 2 sides (right, left), C channels of the network's input, H x W its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.sample_predictions import store_labels, store_pictures, store_saliency

from ..layers.cam_refinement import gate_by_label
from ..losses.disentangling_losses import guided_reconstruction_loss, pair_classification_loss, synthesis_loss
from .asymmetry_classifier import AsymmetryScores
from .frozen_copy import FrozenCopy

LABEL = 'abnormal'
WEIGHTS = dict(diag=1.0, rec=0.1, disc=1.0, syn=0.5)


@MODELS.register_module()
class DisAsymNet(BaseModel):
    """Classifies pairs of breasts, shows where they are abnormal, and makes the normal images.

    Reads pairs (``group_by='bilateral'``, ``incomplete='drop'``, ``labels=['abnormal']``) of images of one slice. A
    step has two objectives: ``asyc`` and ``asyd`` together, then ``asyc`` alone on the normal images; ``asyc`` and
    ``asyd`` have an optimiser each (``ModuleOptimConstructor``, ``OwnStepDataParallel``). Before a step a frozen copy
    of ``asyc`` is taken, which tells ``asyd`` whether its normal images look normal.

    Predicting gives the label ``abnormal`` of each image and of the pair (asymmetric), a map of the class ``any``, and
    the pictures ``normal`` and ``abnormal``.

    Source: DisAsymNet (Wang et al. 2023), sections 2.1 to 2.4.

    Args:
        asyc: config of an ``AsymmetryClassifier`` or ``HierarchicalAttentionClassifier``.
        asyd: config of a ``DisentanglingDecoder``; None for a classifier alone, which ``asyc`` and the paper's
            baselines are trained as.
        data_preprocessor: a ``CaseDataPreprocessor``. Images are reconstructed in intensities of the reader.
        loss_weights: of ``diag``, ``rec``, ``disc`` and ``syn``; what is not named keeps the paper's.
        refine: whether ``asyc`` learns from the normal images, whose labels are those of the originals.
        disc_reaches_asyc: whether what the frozen copy says changes ``asyc`` too, through the features that ``asyd``
            gets. Its own parameters get no gradient in either case.
        recompute: compute the frozen copy again in the backward pass rather than keep what is inside of it; the
            transformer of ``asyc`` and ``asyd`` have this argument too.

    Raises:
        ValueError: an unknown weight.
    """

    def __init__(
        self,
        asyc: dict,
        asyd: dict | None = None,
        data_preprocessor: dict | None = None,
        loss_weights: Mapping[str, float] | None = None,
        refine: bool = True,
        disc_reaches_asyc: bool = False,
        recompute: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor or dict(type='CaseDataPreprocessor'), init_cfg=init_cfg)
        if unknown := sorted(set(loss_weights or {}) - set(WEIGHTS)):
            raise ValueError(f'loss_weights names {", ".join(unknown)}: the losses are {", ".join(WEIGHTS)}')
        self.loss_weights = {**WEIGHTS, **(loss_weights or {})}
        self.asyc = MODELS.build(asyc)
        self.asyd = None if asyd is None else MODELS.build(asyd)
        self.refine, self.disc_reaches_asyc = refine, disc_reaches_asyc
        self.discriminator = FrozenCopy(recompute)

    def forward(self, inputs: Tensor, data_samples: list[MammoCaseSample], mode: str = 'tensor') -> Any:
        """Losses of the first objective, cases with predictions, or scores."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return self.asyc(self._pairs(inputs, data_samples))

    def train_step(self, data: Any, optim_wrapper: OptimWrapper | OptimWrapperDict) -> dict[str, Tensor]:
        """Both objectives, an optimiser step each; gives what is logged."""
        data = self.data_preprocessor(data, True)
        inputs, cases = data['inputs'], data['data_samples']
        wrappers = [optim_wrapper[name] for name in ('asyc', 'asyd') if name == 'asyc' or self.asyd is not None]
        if any(wrapper._accumulative_counts != 1 for wrapper in wrappers):
            raise ValueError('DisAsymNet takes two steps a batch and cannot accumulate: set accumulative_counts to 1')
        with wrappers[0].optim_context(self):
            losses, normal = self._first_objective(inputs, cases)
        self._step_both(losses, wrappers)
        if normal is not None and self.refine:
            with wrappers[0].optim_context(self):
                losses['loss_refine'] = self._classification_loss(self.asyc(self._network_input(normal)), cases)
            wrappers[0].update_params(losses['loss_refine'])
        return self.parse_losses(losses)[1]

    def loss(self, inputs: Tensor, data_samples: list[MammoCaseSample]) -> dict[str, Tensor]:
        """Weighted losses of the first objective."""
        return self._first_objective(inputs, data_samples)[0]

    @torch.no_grad()
    def predict(self, inputs: Tensor, data_samples: list[MammoCaseSample]) -> list[MammoCaseSample]:
        """Labels, maps and pictures of each case."""
        pairs = self._pairs(inputs, data_samples)
        scores = self.asyc(pairs)
        maps = self.asyc.refined_cams(scores, tuple(pairs.shape[-2:]))
        pictures = None if self.asyd is None else self._decode(scores)
        for index, case in enumerate(data_samples):
            if scores.pair_logits is not None:
                case.pred_labels = {LABEL: scores.pair_logits[index].sigmoid()}
            for side, view in enumerate(case.views):
                height, width = view.img_shape[:2]
                store_labels(view, {LABEL: scores.side_logits[index, side].sigmoid()})
                store_saliency(view, {'any': maps[index, side, :height, :width]})
                if pictures is not None:
                    own = pictures[index, side, :, :height, :width]
                    store_pictures(view, {'normal': own[0], 'abnormal': own[1]})
        return data_samples

    def _first_objective(self, inputs: Tensor, cases: list[MammoCaseSample]) -> tuple[dict[str, Tensor], Tensor | None]:
        """Weighted losses, and the detached normal images (B, 2, H, W) of the real pairs."""
        pairs = self._pairs(inputs, cases)
        if self.asyd is None:
            return self._diagnosis_losses(self.asyc(pairs), cases), None
        self.discriminator.follow(self.asyc)  # batch statistics move in the forward pass
        synthetic, origins = self._synthetic_pairs(cases, pairs)
        scores = self.asyc(torch.cat([pairs, synthetic]))
        pictures, images = self._decode(scores), self._intensities(pairs)
        count = len(pairs)
        real = _part(scores, count)
        normal, abnormal = pictures[:count].unbind(dim=2)
        side_labels, _ = _labels(cases, inputs.device)
        cams = self.asyc.refined_cams(real, tuple(pairs.shape[-2:]))
        masks = gate_by_label(cams.flatten(0, 1), side_labels.flatten()).view_as(cams)
        losses = dict(
            rec=guided_reconstruction_loss(images, normal, abnormal, masks, ~side_labels.isnan()),
            disc=self._symmetry_loss(normal),
            syn=synthesis_loss(images[origins], pictures[count:, :, 0]),
        )
        weighted = {f'loss_{name}': self.loss_weights[name] * loss for name, loss in losses.items()}
        return self._diagnosis_losses(real, cases) | weighted, normal.detach()

    def _diagnosis_losses(self, scores: AsymmetryScores, cases: list[MammoCaseSample]) -> dict[str, Tensor]:
        """What labels teach ``asyc``, weighted."""
        side_labels, _ = _labels(cases, scores.side_logits.device)
        losses = {'diag': self._classification_loss(scores, cases), **self.asyc.auxiliary_losses(scores, side_labels)}
        return {f'loss_{name}': self.loss_weights['diag'] * loss for name, loss in losses.items()}

    def _step_both(self, losses: dict[str, Tensor], wrappers: list[OptimWrapper]) -> None:
        """One step of each optimiser; each part gets the gradients of the losses that are meant for it.

        ``asyd`` goes first, whose way back is the shorter one, so that the graph is let go in the longer one. What the
        frozen copy keeps for it is let go before, where ``asyc`` does not need it.
        """
        if self.asyd is not None:
            of_asyd = sum(losses[name] for name in ('loss_rec', 'loss_disc', 'loss_syn'))
            wrappers[1].backward(wrappers[1].scale_loss(of_asyd), inputs=_trained(self.asyd), retain_graph=True)
            del of_asyd
            if not self.disc_reaches_asyc:
                losses['loss_disc'] = losses['loss_disc'].detach()
        of_asyc = sum(loss for loss in losses.values() if loss.requires_grad)
        wrappers[0].backward(wrappers[0].scale_loss(of_asyc), inputs=_trained(self.asyc))
        for wrapper in wrappers:
            wrapper.step()
            wrapper.zero_grad()

    def _symmetry_loss(self, normal: Tensor) -> Tensor:
        """How abnormal and asymmetric the frozen copy of ``asyc`` finds normal images."""
        scores = self.discriminator(self._network_input(normal))
        zeros = torch.zeros_like(scores.side_logits)
        return pair_classification_loss(scores.side_logits, scores.pair_logits, zeros, zeros[:, 0])

    def _classification_loss(self, scores: AsymmetryScores, cases: list[MammoCaseSample]) -> Tensor:
        side_labels, pair_labels = _labels(cases, scores.side_logits.device)
        return pair_classification_loss(scores.side_logits, scores.pair_logits, side_labels, pair_labels)

    def _decode(self, scores: AsymmetryScores) -> Tensor:
        """(B, 2, 2, H, W): of each side the normal and the abnormal image."""
        return self.asyd(scores.sides.flatten(0, 1), scores.stages).unflatten(0, (-1, 2))

    def _pairs(self, inputs: Tensor, cases: list[MammoCaseSample]) -> Tensor:
        """(B, 2, C, H, W).

        Raises:
            ValueError: a case is no pair of images of one slice.
        """
        for case in cases:
            slices = [view.num_slices for view in case.views]
            if case.get('group_by') != 'bilateral' or slices != [1, 1]:
                raise ValueError(
                    f'case {case.get("case_id")} (group_by={case.get("group_by")!r}, slices {slices}) is no pair of '
                    "flat images: set group_by='bilateral' and incomplete='drop', and read one slice"
                )
        return inputs.unflatten(0, (len(cases), 2))

    def _synthetic_pairs(self, cases: list[MammoCaseSample], pairs: Tensor) -> tuple[Tensor, list[int]]:
        """Pairs with tumours put in (n, 2, C, H, W), and where in the batch they come from."""
        origins = [index for index, case in enumerate(cases) if all('synthetic' in view for view in case.views)]
        images = [torch.stack([view.synthetic[0] for view in cases[index].views]) for index in origins]
        return (torch.stack(images).expand(-1, -1, *pairs.shape[2:]) if images else pairs[:0]), origins

    def _intensities(self, pairs: Tensor) -> Tensor:
        """(B, 2, H, W) intensities of the network's input."""
        return pairs[:, :, 0] * self.data_preprocessor.std + self.data_preprocessor.mean

    def _network_input(self, images: Tensor) -> Tensor:
        """(B, 2, C, H, W) of intensities (B, 2, H, W)."""
        scaled = (images - self.data_preprocessor.mean) / self.data_preprocessor.std
        return scaled[:, :, None].expand(-1, -1, self.data_preprocessor.num_channels, -1, -1)


def _labels(cases: list[MammoCaseSample], device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, 2) labels of the sides and (B,) of the pairs, NaN where unknown.

    Raises:
        ValueError: the data set does not give them.
    """
    parts = [part for case in cases for part in (case, *case.views)]
    if any(LABEL not in part.gt_labels for part in parts):
        raise ValueError(f"the data set gives no label {LABEL!r}: set labels=['{LABEL}']")
    sides = [[view.gt_labels[LABEL] for view in case.views] for case in cases]
    pairs = [case.gt_labels[LABEL] for case in cases]
    return tuple(torch.tensor(values, dtype=torch.float32, device=device) for values in (sides, pairs))


def _part(scores: AsymmetryScores, count: int) -> AsymmetryScores:
    """The first pairs of a batch."""
    stages = tuple(stage[: 2 * count] for stage in scores.stages)
    return AsymmetryScores(stages, *(None if values is None else values[:count] for values in scores[1:]))


def _trained(part: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in part.parameters() if parameter.requires_grad]
