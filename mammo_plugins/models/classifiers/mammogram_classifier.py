"""Backbones of mmpretrain, and any other, as classifiers of mammograms.

Glossary: n images, K outputs of all labels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from torch import Tensor, nn

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.sample_predictions import store_labels

from ..auxiliary import AuxiliaryTasks
from ..losses.label_target import LabelTarget

_UNITS = ('image', 'case')


@MODELS.register_module()
class MammogramClassifier(BaseModel):
    """Predicts any number of labels of each image, or of each case, from one backbone.

    Backbone and neck are configs of mmdet or, as ``mmpretrain.ResNet``, of mmpretrain; a linear layer gives the outputs
    of all labels. A label that is unknown of an image trains nothing by it. An image that ``CropFinding`` found nothing
    in is neither trained on nor labelled. The backbone's weights have the prefix ``backbone.`` in checkpoints.

    Source: MSVCL v2 (Li et al.), section III.C.3.

    Args:
        backbone: config.
        in_channels: channels of what the neck, or the backbone without one, gives.
        targets: arguments of :class:`~mammo_plugins.models.losses.label_target.LabelTarget`, such as
            ``dict(name='density', classes=['A/B', 'C/D'])``.
        neck: config that makes one vector an image of the backbone's outputs; None where the last one is one already.
        unit: ``image``, or ``case``: the mean vector of the images of a case is labelled, by the labels of the case.
        dropout: share of the vector that is dropped in training.
        auxiliary: configs of tasks that train the backbone too, see ``models.auxiliary``.
        data_preprocessor: config; a ``CaseDataPreprocessor`` where None.
        init_cfg: as for every model of mmengine.

    Raises:
        ValueError: an argument is out of range, or two targets have one name.
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: int,
        targets: Sequence[Mapping],
        neck: dict | None = None,
        unit: str = 'image',
        dropout: float = 0.0,
        auxiliary: Sequence[dict] = (),
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        # Built here, since mmengine's model looks in its own registry only.
        super().__init__(MODELS.build(data_preprocessor or dict(type='CaseDataPreprocessor')), init_cfg)
        if unit not in _UNITS:
            raise ValueError(f'unit is one of {", ".join(_UNITS)}, got {unit!r}')
        self.targets = tuple(LabelTarget(**target) for target in targets)
        names = [target.name for target in self.targets]
        if not names or len(set(names)) < len(names):
            raise ValueError(f'targets are some labels, each once, got {names}')
        self.unit = unit
        self.backbone = MODELS.build(backbone)
        self.neck = None if neck is None else MODELS.build(neck)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(in_channels, sum(target.num_outputs for target in self.targets))
        self.auxiliary = AuxiliaryTasks(auxiliary, self.backbone)

    def init_weights(self) -> None:
        """As mmengine does; the outputs start near 0, as mmpretrain's linear head does."""
        super().init_weights()
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def forward(
        self, inputs: Tensor, data_samples: list[MammoCaseSample] | None = None, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[MammoCaseSample]:
        """Logits (n, K), or in mode ``loss`` the losses, or in mode ``predict`` the samples with labels.

        Args:
            inputs: (n, C, H, W) images of all cases.
            data_samples: the cases.
            mode: ``tensor``, ``loss`` or ``predict``.

        Raises:
            ValueError: there is no such mode, or a view has several slices.
        """
        if mode == 'tensor':
            return self.fc(self.pool(self.backbone(inputs)))
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f'mode is tensor, loss or predict, got {mode!r}')

    def pool(self, features: Sequence[Tensor]) -> Tensor:
        """(n, in_channels) vectors from the backbone's outputs.

        Raises:
            ValueError: they are maps, and there is no neck.
        """
        pooled = features if self.neck is None else self.neck(tuple(features))
        vectors = pooled[-1] if isinstance(pooled, (tuple, list)) else pooled
        if vectors.ndim != 2:
            raise ValueError(f'a vector an image is needed, got the shape {tuple(vectors.shape)}: set neck')
        return vectors

    def loss(self, inputs: Tensor, data_samples: list[MammoCaseSample]) -> dict[str, Tensor]:
        """``loss_<label>`` of each target and the losses of auxiliary tasks."""
        views = _views(data_samples)
        features = self.backbone(inputs)
        vectors = self.dropout(self.pool(features))
        if self.unit == 'case':
            vectors = self._of_cases(vectors, data_samples)
            labels = [case.gt_labels if _case_is_shown(case) else None for case in data_samples]
        else:
            labels = [view.gt_labels if _is_shown(view) else None for view in views]
        logits = self.fc(vectors).split([target.num_outputs for target in self.targets], dim=1)
        losses = {}
        for target, part in zip(self.targets, logits):
            values = [_value(one, target.name) for one in labels]
            losses[f'loss_{target.name}'] = target.loss(part, inputs.new_tensor(values))
        return losses | self.auxiliary.loss(self.backbone, features, inputs, views)

    def predict(self, inputs: Tensor, data_samples: list[MammoCaseSample]) -> list[MammoCaseSample]:
        """Sets ``pred_labels`` of images or cases; each image goes through without the padding of its batch."""
        _views(data_samples)
        divisor, start = self.data_preprocessor.pad_size_divisor, 0
        for case in data_samples:
            vectors = []
            for view in case.views:
                height, width = (math.ceil(side / divisor) * divisor for side in view.img_shape[:2])
                vectors.append(self.pool(self.backbone(inputs[start : start + 1, :, :height, :width])))
                start += 1
            self._store(case, self.fc(torch.cat(vectors)), torch.cat(vectors))
        return data_samples

    def _store(self, case: MammoCaseSample, logits: Tensor, vectors: Tensor) -> None:
        if self.unit == 'case':
            case.pred_labels = self._labels(self.fc(vectors.mean(dim=0)), _case_is_shown(case))
            return
        for view, one in zip(case.views, logits):
            store_labels(view, self._labels(one, _is_shown(view)))

    def _labels(self, logits: Tensor, shown: bool) -> dict[str, float]:
        parts = logits.split([target.num_outputs for target in self.targets])
        found: dict[str, float] = {}
        for target, part in zip(self.targets, parts):
            found |= target.probabilities(part) if shown else target.not_predicted()
        return found

    @staticmethod
    def _of_cases(vectors: Tensor, cases: Sequence[MammoCaseSample]) -> Tensor:
        parts = vectors.split([len(case.views) for case in cases])
        return torch.stack([part.mean(dim=0) for part in parts])


def _views(cases: Sequence[MammoCaseSample]) -> list[DetDataSample]:
    views = [view for case in cases for view in case.views]
    for view in views:
        if view.num_slices > 1:
            raise ValueError(
                f'image {view.image_id} has {view.num_slices} slices, and MammogramClassifier reads images: set '
                'num_slices=1 in LoadMammogram'
            )
    return views


def _value(labels: Mapping[str, float] | None, name: str) -> float:
    """A label, NaN where the image does not show what it is of.

    Raises:
        ValueError: the data set was not asked for it.
    """
    if labels is None:
        return math.nan
    if name not in labels:
        raise ValueError(f'the data set gives no label {name!r}, which is a target: name it in labels of the data set')
    return labels[name]


def _is_shown(view: DetDataSample) -> bool:
    """Whether the view shows what it is to show: false where ``CropFinding`` found nothing."""
    return 'finding_xyxy' not in view.metainfo or view.finding_xyxy is not None


def _case_is_shown(case: MammoCaseSample) -> bool:
    return all(map(_is_shown, case.views))
