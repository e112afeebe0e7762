"""Models of a few weights that label mammograms or map them, for tests of what surrounds them.

Each image goes through by itself, without the padding of its batch: predictions do not depend on what they are batched
with, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch.nn import functional as F

from mammo_plugins.models.detectors.view_results import store_results
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.sample_predictions import (
    store_further_saliency,
    store_labels,
    store_patches,
    store_pictures,
    store_saliency,
)

FILE = 'tests.toy_case_models'
DENSITIES = 'ABCD'
STRIDE = 4
ECHO_LEVEL = 0.1
PATCH = 16


class ToyCaseModel(BaseModel):
    """A case model: losses in training, samples with predictions otherwise."""

    def forward(self, inputs: Tensor, data_samples: list[MammoCaseSample], mode: str = 'tensor'):
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        for case, images in self.images_of(inputs, data_samples):
            self.predict_case(case, images)
        return data_samples

    @staticmethod
    def images_of(inputs: Tensor, cases: list[MammoCaseSample]) -> Iterator[tuple[MammoCaseSample, list[Tensor]]]:
        """Each case with its images, (1, C, H, W) each: the maximum of the slices, padding cut off."""
        start = 0
        for case in cases:
            images = []
            for view in case.views:
                height, width = view.img_shape
                slices = inputs[start : start + view.num_slices, :, :height, :width]
                images.append(slices.amax(dim=0, keepdim=True))
                start += view.num_slices
            yield case, images


@MODELS.register_module()
class ToyClassifier(ToyCaseModel):
    """Labels of images and cases: malignant, and density in four classes, from the mean of a few features.

    Args:
        of_cases: give labels of cases, the mean over their images, rather than of images.
        data_preprocessor: as everywhere.
    """

    def __init__(self, of_cases: bool = True, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.of_cases = of_cases
        self.features = nn.Conv2d(1, 8, 3, stride=STRIDE)
        self.malignant, self.density = nn.Linear(8, 1), nn.Linear(8, len(DENSITIES))

    def loss(self, inputs, data_samples):
        losses = []
        for case, images in self.images_of(inputs, data_samples):
            malignant, density = self._logits(images)
            if case.gt_labels['malignant'] == case.gt_labels['malignant']:  # NaN trains nothing
                losses.append(
                    F.binary_cross_entropy_with_logits(malignant, torch.tensor(case.gt_labels['malignant'])).mean()
                )
            if case.gt_labels['density'] == case.gt_labels['density']:
                losses.append(F.cross_entropy(density[None], torch.tensor([int(case.gt_labels['density']) - 1])))
        return {'loss': sum(losses, start=0.0 * self.malignant.weight.sum())}

    def predict_case(self, case, images):
        if self.of_cases:
            case.pred_labels = self._labels(images)
        else:
            for view, image in zip(case.views, images):
                store_labels(view, self._labels([image]))

    def _logits(self, images: list[Tensor]) -> tuple[Tensor, Tensor]:
        pooled = torch.stack([self.features(image).relu().mean(dim=(0, 2, 3)) for image in images]).mean(dim=0)
        return self.malignant(pooled).squeeze(), self.density(pooled)

    def _labels(self, images: list[Tensor]) -> dict[str, Tensor]:
        malignant, density = self._logits(images)
        classes = {f'density={name}': p for name, p in zip(DENSITIES, density.double().softmax(dim=0))}
        return {'malignant': malignant.sigmoid(), **classes}


@MODELS.register_module()
class ToySegmenter(ToyCaseModel):
    """A map a class at a quarter of the resolution, and the maximum of the malignant one as the label of the image.

    Further maps (``inverse``) are what is missing to 1; patches the square from that maximum on, and the first one.
    """

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.features = nn.Conv2d(1, 2, 3, padding=1)

    def loss(self, inputs, data_samples):
        losses = []
        for case, images in self.images_of(inputs, data_samples):
            for view, image in zip(case.views, images):
                logits = self.features(F.avg_pool2d(image, STRIDE))[0]
                region = _box_region(view, logits.shape[-2:])
                losses.append(F.binary_cross_entropy_with_logits(logits, region.expand_as(logits)))
        return {'loss': torch.stack(losses).mean()}

    def predict_case(self, case, images):
        for view, image in zip(case.views, images):
            malignant, anything = self.features(F.avg_pool2d(image, STRIDE, ceil_mode=True))[0].sigmoid()
            store_saliency(view, {'malignant': malignant, 'any': anything})
            store_labels(view, {'malignant': malignant.max()})
            store_further_saliency(view, 'inverse', {'malignant': 1 - malignant, 'any': 1 - anything})
            row, column = divmod(int(malignant.argmax()), malignant.shape[1])
            corners = torch.tensor([[column * STRIDE, row * STRIDE], [0, 0]])
            store_patches(view, torch.cat([corners, corners + PATCH], dim=1), torch.tensor([0.75, 0.25]))


@MODELS.register_module()
class ToyEcho(ToyCaseModel):
    """What it sees, as a map and a picture of each image, and as a finding the box of all that is not black.

    With annotated findings it gives their boxes instead, as they lie in its input.
    """

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.unused = nn.Parameter(torch.zeros(1))

    def predict_case(self, case, images):
        results = []
        for view, image in zip(case.views, images):
            plane = image[0, 0]
            store_saliency(view, {'any': plane})
            store_pictures(view, {'normal': plane})
            rows, columns = (torch.nonzero((plane > ECHO_LEVEL).any(dim=axis)).flatten() for axis in (1, 0))
            edges = [[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]]
            boxes = view.gt_instances.bboxes if len(view.gt_instances) else torch.tensor(edges, dtype=torch.float32)
            zeros = torch.zeros(len(boxes), dtype=torch.long)
            found = InstanceData(bboxes=boxes, scores=zeros + 0.5, labels=zeros, slices=zeros)
            found.slice_weights = torch.ones(len(boxes), 1)
            results.append(found.new(metainfo=dict(malignancy=0.5)))
        store_results(case, results, rescale=True)


def _box_region(view: DetDataSample, shape: tuple[int, int]) -> Tensor:
    """(h, w) 1 in the boxes of a view."""
    region = torch.zeros(tuple(shape))
    for left, top, right, bottom in (view.gt_instances.bboxes / STRIDE).long().tolist():
        region[top : bottom + 1, left : right + 1] = 1
    return region
