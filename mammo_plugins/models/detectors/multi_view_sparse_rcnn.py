"""M&M (one slice) and M&M-3D (many slices) as one detector."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

import torch
from mmdet.models.detectors import SparseRCNN
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.dist import all_reduce, get_world_size
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from mammo_plugins.structures.case_sample import MammoCaseSample

from ..layers import SliceLayout
from ..roi_heads.multi_view_sparse_roi_head import HeldFeatures
from .view_results import store_results


@MODELS.register_module()
class MultiViewSparseRCNN(SparseRCNN):
    """Sparse R-CNN over the views and slices of a breast.

    An FFDM is a volume with one slice, so M&M and M&M-3D are the same parameters, the same code and the same
    configuration but for the number of slices that the data set delivers.

    Source: M&M (Truong Vu et al. 2023) as summarised in M&M-3D, section 2; M&M-3D, section 3.

    Args:
        slices_at_once: so many slice images go through backbone and neck at once. Nothing of them but the feature
            levels is kept for the backward pass, where the rest is computed again: less memory, more time, the same
            gradients. None: all at once, and all is kept.
        slices_kept: so many slice images of a batch, with ``slices_at_once``, keep everything and are not computed
            again: what a larger GPU has room for.
        **kwargs: as for ``mmdet.SparseRCNN``, with a ``MultiViewSparseRoIHead`` and a ``CaseDataPreprocessor``.
    """

    def __init__(self, slices_at_once: int | None = None, slices_kept: int = 0, **kwargs) -> None:
        super().__init__(**kwargs)
        if slices_at_once is not None and slices_at_once < 1:
            raise ValueError(f'slices_at_once must be at least 1, got {slices_at_once}')
        if slices_kept < 0:
            raise ValueError(f'slices_kept must be at least 0, got {slices_kept}')
        self.slices_at_once, self.slices_kept = slices_at_once, slices_kept

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample]) -> dict[str, Tensor]:
        """Losses of a batch of breasts; ``batch_inputs`` is (slice images, C, H, W)."""
        feats, proposals = self._features_and_proposals(batch_inputs, batch_data_samples)
        return self.roi_head.loss(feats, proposals, batch_data_samples)

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of this process to follow downhill, and the losses of the batch of all processes for the log."""
        total, logged = super().parse_losses(losses)
        if get_world_size() > 1:
            values = torch.stack([value.detach() for value in logged.values()])
            all_reduce(values, op='mean')
            logged = dict(zip(logged, values))
        return total, logged

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample], rescale: bool = True
    ) -> list[MammoCaseSample]:
        """Predicts findings, image and breast malignancy.

        Args:
            batch_inputs: (slice images, C, H, W).
            batch_data_samples: the breasts.
            rescale: give boxes in stored pixels, clipped to the image, and slices of the source file, rather than
                network pixels and slice bins.

        Returns:
            The samples. Each view has got ``pred_instances`` with ``bboxes`` (n, 4) xyxy, ``scores``, ``labels``,
            ``slices`` (the middle slice of the bin of highest weight) and ``slice_weights`` (n, S), and
            ``pred_malignancy``, the noisy-or of its proposals; each breast ``pred_malignancy``, the mean of its views.
        """
        feats, proposals = self._features_and_proposals(batch_inputs, batch_data_samples)
        results = iter(self.roi_head.predict(feats, proposals, batch_data_samples))
        for case in batch_data_samples:
            store_results(case, [next(results) for _ in case.views], rescale)
        return batch_data_samples

    def _forward(self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample]) -> tuple:
        feats, proposals = self._features_and_proposals(batch_inputs, batch_data_samples)
        return (self.roi_head.forward(feats, proposals, batch_data_samples),)

    def _features_and_proposals(
        self, batch_inputs: Tensor, cases: list[MammoCaseSample]
    ) -> tuple[HeldFeatures, list[InstanceData]]:
        views = [view for case in cases for view in case.views]
        num_slices = sum(view.num_slices for view in views)
        if len(batch_inputs) != num_slices:
            raise ValueError(f'{len(batch_inputs)} slice images for views that have {num_slices} slices in all')
        features = self.roi_head.hold(self._pieces(batch_inputs, views), SliceLayout.from_cases(cases))
        # mmdet gives image sizes the type of the features, and bfloat16 knows no 1100: it gets to see the images.
        return features, self.rpn_head.predict((batch_inputs,), views)

    def _pieces(self, batch_inputs: Tensor, views: list[DetDataSample]) -> Iterator[tuple[Tensor, ...]]:
        """Feature levels of some slice images after others; in prediction they are computed as they are asked for."""
        parts = [batch_inputs] if self.training else self._at_own_sizes(batch_inputs, views)
        if self.slices_at_once is not None:
            parts = [piece for part in parts for piece in part.split(self.slices_at_once)]
        if self.slices_at_once is None or not torch.is_grad_enabled():
            return map(self.extract_feat, parts)
        if any(isinstance(module, _BatchNorm) and module.training for module in self.modules()):
            raise ValueError(
                'slices_at_once does not go with batch normalisation in training mode, whose statistics would be those '
                'of each piece: set norm_eval=True in the backbone, or use layer or group normalisation'
            )
        return self._partly_kept(parts)

    def _partly_kept(self, parts: list[Tensor]) -> Iterator[tuple[Tensor, ...]]:
        """Feature levels of pieces, of which the first keep everything for the backward pass."""
        room = self.slices_kept
        for part in parts:
            room -= len(part)
            kept = room >= 0
            yield self.extract_feat(part) if kept else checkpoint(self.extract_feat, part, use_reentrant=False)

    def _at_own_sizes(self, batch_inputs: Tensor, views: list[DetDataSample]) -> list[Tensor]:
        """Slice images without the air that larger images of the batch bring: it would leak in at their borders.

        What is found in a breast then depends on that breast alone. In training all stay together, for the sake of
        batch normalisation and speed.
        """
        parts, start = [], 0
        for (height, width), alike in groupby(views, key=self._padded_size):
            end = start + sum(view.num_slices for view in alike)
            parts.append(batch_inputs[start:end, :, :height, :width])
            start = end
        return parts

    def _padded_size(self, view: DetDataSample) -> tuple[int, int]:
        """Height and width of an image that shares its batch with nobody."""
        divisor = self.data_preprocessor.pad_size_divisor
        height, width = (math.ceil(side / divisor) * divisor for side in view.img_shape)
        return height, width
