"""A model that says of single images what they show and where, for tests of studies with real data."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModel
from torch import nn
from torch.nn import functional as F


@MODELS.register_module()
class StudyToyNet(BaseModel):
    """Two convolutions to a map a label; the label's probability is that of the mean and the highest pixel.

    Args:
        data_preprocessor: of the images, one slice each.
        labels: names of labels that are learned.
        predicts: ``labels``, ``maps`` or both.
    """

    def __init__(
        self,
        data_preprocessor: dict,
        labels: Sequence[str] = ('malignant',),
        predicts: Sequence[str] = ('labels',),
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.labels, self.predicts = list(labels), list(predicts)
        self.stem = nn.Conv2d(1, 4, 5, stride=4, padding=2)
        self.head = nn.Conv2d(4, len(self.labels), 1)

    def forward(self, inputs, data_samples, mode='tensor'):
        logits = self.head(torch.relu(self.stem(inputs)))
        scores = logits.mean((2, 3)) + logits.amax((2, 3))
        views = [view for case in data_samples for view in case.views]
        if mode == 'loss':
            targets = scores.new_tensor([[view.gt_labels[name] for name in self.labels] for view in views])
            known = ~targets.isnan()
            return {'loss_labels': F.binary_cross_entropy_with_logits(scores[known], targets[known])}
        maps = F.interpolate(logits.sigmoid(), inputs.shape[2:])
        for view, score, saliency in zip(views, scores.sigmoid(), maps):
            height, width = view.img_shape[:2]
            if 'labels' in self.predicts:
                view.pred_labels = dict(zip(self.labels, score.tolist()))
            if 'maps' in self.predicts:
                view.pred_saliency = dict(zip(self.labels, saliency[:, :height, :width]))
        return data_samples
