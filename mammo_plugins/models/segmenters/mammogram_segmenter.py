"""Any network that gives a map a class, trained by the masks of findings.

Glossary: B images of (H, W) pixels, C classes; a plane is one class of one image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from torch import Tensor
from torch.nn import functional as F

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.map_findings import MapFindings, store_map_findings
from mammo_plugins.structures.sample_predictions import store_saliency

from ..layers.own_padding import map_without_padding, runs_of_one_size, single_slice_views
from ..layers.precision import at_least_float32
from ..losses.average_factor import global_average_factor


@MODELS.register_module()
class MammogramSegmenter(BaseModel):
    """Learns where findings are from their masks, and predicts a map a class (``pred_saliency``).

    The data set gives masks (``masks=True``), and its ``classes`` are ``label_names``. A plane is unknown, and trains
    nothing, where the image is not annotated or one of its findings of the class has no outline. Losses are the
    cross-entropy of pixels and soft Dice, both the mean over the known planes of all processes; an image without
    findings has planes of zeros.

    Source: the fully supervised U-Net of GLAM (Liu et al. 2021), section 4.2; its losses are not given there.

    Args:
        network: config of what gives logits (B, C, H, W).
        label_names: names of the C classes.
        dice_weight: factor of the soft Dice loss, beside that of the cross-entropy, which is 1; 0 for none.
        dice_smooth: added to numerator and denominator of Dice, in pixels.
        map_findings: arguments of :class:`~mammo_plugins.structures.map_findings.MapFindings`; None for no findings.
        data_preprocessor: config; a ``PerImageDataPreprocessor`` where None.
        init_cfg: as for every model of mmengine.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        network: dict,
        label_names: Sequence[str] = ('benign', 'malignant'),
        dice_weight: float = 1.0,
        dice_smooth: float = 1.0,
        map_findings: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        # Built here, since mmengine's model looks in its own registry only.
        super().__init__(MODELS.build(data_preprocessor or dict(type='PerImageDataPreprocessor')), init_cfg)
        if dice_weight < 0 or dice_smooth <= 0 or not label_names:
            raise ValueError(f'out of range: {dice_weight=}, {dice_smooth=}, {label_names=}')
        self.network = MODELS.build(network)
        self.label_names = tuple(label_names)
        self.dice_weight, self.dice_smooth = dice_weight, dice_smooth
        self.map_findings = None if map_findings is None else MapFindings(**map_findings)

    def forward(
        self, inputs: Tensor, data_samples: Sequence[MammoCaseSample] | None = None, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | Sequence[MammoCaseSample]:
        """Logits (``tensor``), losses (``loss``), or the samples with predictions (``predict``).

        Raises:
            ValueError: another mode.
        """
        if mode == 'tensor':
            return self.network(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f'mode is tensor, loss or predict, got {mode!r}')

    def loss(self, inputs: Tensor, data_samples: Sequence[MammoCaseSample]) -> dict[str, Tensor]:
        """``loss_pixels`` and ``loss_dice``.

        Raises:
            ValueError: an image has several slices, or the data set gives no masks.
        """
        views = single_slice_views(inputs, data_samples)
        logits = at_least_float32(self.network(inputs))
        masks, known = self._targets(views, inputs)
        planes = global_average_factor(known.sum(), inputs.device, 'planes')
        entropy = F.binary_cross_entropy_with_logits(logits, masks, reduction='none').mean(dim=(2, 3))
        losses = {'loss_pixels': (entropy * known).sum() / planes}
        if self.dice_weight:
            found = logits.sigmoid()
            both, either = (found * masks).sum(dim=(2, 3)), (found + masks).sum(dim=(2, 3))
            dice = (2 * both + self.dice_smooth) / (either + self.dice_smooth)
            losses['loss_dice'] = self.dice_weight * ((1 - dice) * known).sum() / planes
        return losses

    def predict(self, inputs: Tensor, data_samples: Sequence[MammoCaseSample]) -> Sequence[MammoCaseSample]:
        """Sets ``pred_saliency`` and findings of every view; each image is seen without its batch's padding.

        Raises:
            ValueError: an image has several slices.
        """
        views = single_slice_views(inputs, data_samples)
        for images, run in runs_of_one_size(inputs, views, self.data_preprocessor.pad_size_divisor):
            for view, maps in zip(run, at_least_float32(self.network(images)).sigmoid(), strict=True):
                own = map_without_padding(maps, images.shape[-2:], view.img_shape[:2])
                store_saliency(view, dict(zip(self.label_names, own, strict=True)))
        if self.map_findings is not None:
            store_map_findings(data_samples, self.map_findings)
        return data_samples

    def _targets(self, views: Sequence[DetDataSample], inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Masks (B, C, H, W), and which planes (B, C) are known, both as numbers of the images."""
        masks = np.zeros((len(views), len(self.label_names), *inputs.shape[-2:]), bool)
        known = np.zeros(masks.shape[:2])
        for plane, known_of_view, view in zip(masks, known, views, strict=True):
            known_of_view[:] = view.annotated
            findings = view.gt_instances
            if len(findings) and 'masks' not in findings:
                raise ValueError(f'image {view.image_id} has findings without masks: set masks=True in the data set')
            for number, label in enumerate(findings.labels.tolist()):
                height, width = view.img_shape[:2]
                plane[label, :height, :width] |= findings.masks.masks[number].astype(bool)
                known_of_view[label] *= bool(findings.has_masks[number])
        kind = dict(dtype=torch.float32, device=inputs.device)
        return torch.as_tensor(masks, **kind), torch.as_tensor(known, **kind)
