"""Breasts of a few pixels: descriptions of views, and the batches and features made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.case_sample import MammoCaseSample, malignancy_label
from tests.models.small_models import HIDDEN, STRIDES

IMAGE_SIZE = (64, 48)
"""Height and width of the images unless a view says otherwise, in network pixels."""


@dataclass(frozen=True)
class SmallView:
    """One view.

    Args:
        num_slices: Slice bins S.
        boxes: Findings, xyxy in network pixels.
        slices: Slice bin of each finding; 0 by default.
        labels: Class of each finding; 0 by default.
        malignant: 1, 0 or NaN; by default 1 if there is a finding.
        annotated: Whether the lack of boxes means the lack of findings.
        image_size: Height and width in network pixels.
    """

    num_slices: int = 1
    boxes: Sequence[Sequence[float]] = ()
    slices: Sequence[int] | None = None
    labels: Sequence[int] | None = None
    malignant: float | None = None
    annotated: bool = True
    image_size: tuple[int, int] = IMAGE_SIZE

    @property
    def malignancy(self) -> float:
        return float(len(self.boxes) > 0) if self.malignant is None else self.malignant

    def sample(self, dtype: torch.dtype = torch.float32) -> DetDataSample:
        """The data sample, whose stored frame is the network frame with two source slices a bin."""
        count = len(self.boxes)
        sample = DetDataSample(
            metainfo=dict(
                image_id=0,
                view='L-CC',
                homography_matrix=np.eye(3),
                slice_bins=SliceBins(2 * self.num_slices, self.num_slices),
                num_slices=self.num_slices,
                img_shape=self.image_size,
                ori_shape=self.image_size,
                batch_input_shape=self.image_size,
                annotated=self.annotated,
            )
        )
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(self.boxes, dtype=dtype).reshape(-1, 4),
            labels=torch.tensor([0] * count if self.labels is None else self.labels, dtype=torch.long),
            slices=torch.tensor([0] * count if self.slices is None else self.slices, dtype=torch.long),
        )
        return sample


Breast = Sequence[SmallView]

LESION = SmallView(num_slices=3, boxes=[[10, 12, 24, 30]], slices=[2])
"""A tomosynthesis view with one finding."""
SAME_LESION = SmallView(num_slices=3, boxes=[[20, 30, 33, 50]], slices=[1])
"""The other view of it."""
NEGATIVE = SmallView(num_slices=3)
"""An annotated view without findings."""
UNANNOTATED = SmallView(num_slices=3, malignant=1.0, annotated=False)
"""A view known to be malignant, where nobody drew boxes."""


def make_cases(breasts: Sequence[Breast], dtype: torch.dtype = torch.float32) -> list[MammoCaseSample]:
    """The samples of a batch."""
    cases = []
    for views in breasts:
        case = MammoCaseSample()
        case.views = [view.sample(dtype) for view in views]
        malignancies = [view.malignancy for view in views]
        case.gt_malignancy = malignancy_label(max(malignancies), malignancies)
        cases.append(case)
    return cases


def make_volumes(breasts: Sequence[Breast]) -> list[list[torch.Tensor]]:
    """Random (S, 1, H, W) intensities in [0, 1], one list of views a breast."""
    return [[torch.rand(view.num_slices, 1, *view.image_size) for view in views] for views in breasts]


def make_batch(
    detector: torch.nn.Module, breasts: Sequence[Breast], volumes: list[list[torch.Tensor]] | None = None
) -> dict:
    """What the data preprocessor makes of the breasts; random volumes by default."""
    volumes = make_volumes(breasts) if volumes is None else volumes
    return detector.data_preprocessor(dict(inputs=volumes, data_samples=make_cases(breasts)))


def make_features(breasts: Sequence[Breast], dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    """Random feature levels (slice images, D, H_l, W_l) of a batch, as a backbone and neck would give."""
    num_images = sum(view.num_slices for views in breasts for view in views)
    height, width = IMAGE_SIZE
    return tuple(torch.randn(num_images, HIDDEN, height // s, width // s, dtype=dtype) for s in STRIDES)


def run_roi_head(
    parts: torch.nn.ModuleDict, features: tuple[torch.Tensor, ...], breasts: Sequence[Breast], method: str
) -> object:
    """Calls `method` of the RoI head (`build_roi_head`) on features as the detector does."""
    cases = make_cases(breasts, features[0].dtype)
    proposals = parts.rpn_head.predict(features, [view for case in cases for view in case.views])
    return getattr(parts.roi_head, method)(features, proposals, cases)
