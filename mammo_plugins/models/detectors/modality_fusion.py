"""A detector of synthetic mammograms that carries what FFDM taught it.

Glossary: as in ``backbones/modality_branches.py``: A (``sm``), B (``mimic``), C (``ffdm``), and h, their features.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mmdet.models.detectors import SingleStageDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from torch import Tensor, nn

from mammo_plugins.structures.sample_predictions import store_note

from ..backbones.modality_branches import PARTS
from ..dense_heads.efficientdet_head import EfficientDetHead
from ..layers.box_weights import box_weights
from .efficientdet import SCALINGS, TEST_CFG, TRAIN_CFG, head_config

# Parts that a stage trains, and those whose features its head reads.
TRAINED = {'mimic': ('mimic',), 'fuse': ('sm',), 'upper_bound': ('sm', 'ffdm')}
SOURCES = {
    'sm': 'SM features',
    'mimic': 'FFDM features imitated from the SM',
    'ffdm': 'FFDM features from the FFDM',
}
"""What a part gives to the head, in words."""
READ = {'mimic': ('sm', 'mimic'), 'fuse': ('sm', 'mimic'), 'upper_bound': ('sm', 'ffdm')}


@MODELS.register_module()
class ModalityFusionDetector(SingleStageDetector):
    """EfficientDets of SM and FFDM whose features are joined before one head; in prediction the SM suffices.

    Stage I trains plain EfficientDets, from which ``sm`` (A) and ``ffdm`` (C) start. ``mimic`` is stage II: B learns to
    give C's features from the SM, under a projection that is dropped afterwards. ``fuse`` is stage III: A and the head
    learn on the features of A and B. ``upper_bound`` learns on those of A and C, end to end. What a stage does not
    train is frozen and stays in evaluation mode, whatever mode is asked for.

    The fused head begins as A's own, and gives what A's gives, until it has learned to use the other features.

    An input has the channels of the SM, and after them those of the FFDM where there is one: see ``MammogramDetector``
    with ``images_together``.

    Source: SM/FFDM fusion (Sharma et al. 2024), section 4 and figure 3.

    Args:
        efficientdet: fields of an ``EfficientDet`` that all three share, such as ``compound``.
        sm, mimic, ffdm: fields of A, B and C that differ, such as ``init_cfg``.
        stage: ``mimic``, ``fuse`` or ``upper_bound``.
        parts: whose features the head reads in prediction; those of a part that is left out are zero. All that the
            stage reads where None; ``ffdm`` takes the place of ``mimic``, both together are refused.
        trained: parts that learn besides the head; those of the stage where None. The others stay frozen.
        prefer_ffdm: C takes B's place in prediction where an FFDM is there.
        h_from: what h is: output of the ``bifpn``, or of the ``towers`` before their last convolutions.
        loss_similarity: config of stage II's loss.
        lesion_weight: positions in a finding count so many times more in stage II.
        bbox_head: fields of the fused head that differ from A's.
        train_cfg, test_cfg: as for every detector of mmdet; those of ``efficientdet`` where None.
        data_preprocessor, init_cfg: as for every detector of mmdet.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        efficientdet: dict | None = None,
        sm: dict | None = None,
        mimic: dict | None = None,
        ffdm: dict | None = None,
        stage: str = 'fuse',
        parts: Sequence[str] | None = None,
        trained: Sequence[str] | None = None,
        prefer_ffdm: bool = False,
        h_from: str = 'bifpn',
        loss_similarity: dict | None = None,
        lesion_weight: float = 0.0,
        bbox_head: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if stage not in TRAINED:
            raise ValueError(f'stage is one of {", ".join(TRAINED)}, got {stage!r}')
        if lesion_weight < 0:
            raise ValueError(f'lesion_weight must be at least 0, got {lesion_weight}')
        shared = {'type': 'EfficientDet', **(efficientdet or {})}
        branches = {name: {**shared, **(own or {})} for name, own in zip(PARTS, (sm, mimic, ffdm))}
        if stage == 'upper_bound':
            branches['mimic'] = None
        learning = TRAINED[stage] if trained is None else _known_parts(trained, branches)
        head = _head_of(branches['sm'])
        width, num_groups = head.get('feat_channels') or head['in_channels'], 1
        if h_from == 'towers':
            num_groups = 2
            head |= dict(num_convs=0, separate_inputs=True)
        super().__init__(
            backbone=dict(type='ModalityBranches', **branches, trained=learning, h_from=h_from),
            neck=dict(type='FeatureFusion', in_channels=(width * num_groups,) * 2, num_groups=num_groups),
            bbox_head={**head, 'in_channels': 2 * width, 'feat_channels': width, **(bbox_head or {})},
            train_cfg=copy.deepcopy(train_cfg or shared.get('train_cfg') or TRAIN_CFG),
            test_cfg=copy.deepcopy(test_cfg or shared.get('test_cfg') or TEST_CFG),
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.stage, self.prefer_ffdm, self.lesion_weight = stage, prefer_ffdm, lesion_weight
        self.parts = _known_parts(READ[stage] if parts is None else parts, branches)
        self.image_channels = branches['sm'].get('in_channels', 3)
        if stage == 'mimic':
            channels = width * num_groups
            self.projection = nn.Conv2d(channels, channels, 3, padding=1, groups=num_groups)
            self.loss_similarity = MODELS.build(loss_similarity or dict(type='FeatureSimilarityLoss'))
            self.bbox_head.requires_grad_(False)

    needs_modalities = True
    """Whether an image of another modality than those of its data set would be taken for one of them."""

    @property
    def learns_from_boxes(self) -> bool:
        """Whether images without annotated findings are useless to it; stage II needs pairs only."""
        return self.stage != 'mimic'

    def init_weights(self) -> None:
        """As every module, then the fused head from A's."""
        super().init_weights()
        own: EfficientDetHead = self.backbone.sm.bbox_head
        self.bbox_head.class_tower.start_from(own.class_tower)
        self.bbox_head.box_tower.start_from(own.box_tower)

    def train(self, mode: bool = True) -> ModalityFusionDetector:
        """Sets the mode of what the stage trains."""
        super().train(mode)
        if self.stage == 'mimic':
            self.bbox_head.eval()
        return self

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """Joined features of images (N, channels of the SM, and of the FFDM where there is one, H, W)."""
        parts = READ[self.stage] if self.training else self.parts_read(batch_inputs)
        images = self._images(batch_inputs)
        if missing := [name for name in parts if name not in images]:
            raise ValueError(
                f'the features of {", ".join(missing)} need the FFDM beside the SM, and the input has '
                f"{batch_inputs.shape[1]} channels: read pairs with group_by='modalities'"
            )
        h = self.backbone({name: images[name] for name in parts})
        return self.neck([h.get('sm'), h.get('mimic', h.get('ffdm'))])

    def parts_read(self, batch_inputs: Tensor) -> tuple[str, ...]:
        """Whose features the head reads of these images in prediction."""
        has_ffdm = 'ffdm' in self._images(batch_inputs)
        return tuple('ffdm' if name == 'mimic' and self.prefer_ffdm and has_ffdm else name for name in self.parts)

    def predict(self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True) -> SampleList:
        """As every detector of mmdet; each sample says in ``pred_note`` whose features its head read."""
        note = ' and '.join(SOURCES[name] for name in self.parts_read(batch_inputs))
        predicted = super().predict(batch_inputs, batch_data_samples, rescale)
        for sample in predicted:
            store_note(sample, note)
        return predicted

    def loss(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> dict[str, Any]:
        """Stage II: minus the similarity of B's projected features and C's; else the losses of the head."""
        if self.stage != 'mimic':
            return super().loss(batch_inputs, batch_data_samples)
        images = self._images(batch_inputs)
        if 'ffdm' not in images:
            raise ValueError("stage 'mimic' learns from pairs of SM and FFDM: read them with group_by='modalities'")
        h = self.backbone({name: images[name] for name in ('mimic', 'ffdm')})
        weights = None
        if self.lesion_weight:
            boxes = [sample.gt_instances.bboxes for sample in batch_data_samples]
            weights = box_weights(boxes, h['mimic'], batch_inputs.shape[-2:], self.lesion_weight)
        projected = [self.projection(level) for level in h['mimic']]
        return dict(loss_similarity=self.loss_similarity(projected, h['ffdm'], weights))

    def _images(self, batch_inputs: Tensor) -> dict[str, Tensor]:
        """The image that each part reads."""
        channels = batch_inputs.shape[1]
        if channels not in (self.image_channels, 2 * self.image_channels):
            raise ValueError(f'an input has {self.image_channels} channels a modality, got {channels}')
        sm, *ffdm = batch_inputs.split(self.image_channels, dim=1)
        return {'sm': sm, 'mimic': sm, **({'ffdm': ffdm[0]} if ffdm else {})}


def _head_of(efficientdet: dict) -> dict[str, Any]:
    """Config of the head of an EfficientDet."""
    scaling = SCALINGS[efficientdet.get('compound', 'd0')]
    own = head_config(scaling, efficientdet.get('variant', 'tf'), efficientdet.get('num_classes', 1))
    return {**own, **(efficientdet.get('bbox_head') or {})}


def _known_parts(parts: Sequence[str], branches: dict[str, dict | None]) -> tuple[str, ...]:
    there = [name for name, config in branches.items() if config is not None]
    if not parts or set(parts) - set(there) or {'mimic', 'ffdm'} <= set(parts):
        raise ValueError(
            f'parts names one or two of {", ".join(there)}, of mimic and ffdm one at most, got {tuple(parts)}'
        )
    return tuple(parts)
