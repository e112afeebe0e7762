"""From the dictionary of a case to tensors and a sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mammo_plugins.structures.case_sample import MammoCaseSample, malignancy_label
from mammo_plugins.structures.sample_predictions import store_note

from ..finding_masks import draw_masks
from .pair_grid import check_one_grid

_VIEW_META = (
    'image_id', 'img_path', 'view', 'view_name', 'modality', 'manufacturer', 'spacing_mm', 'patient_id', 'study_uid',
    'homography_matrix', 'slice_bins', 'img_shape', 'ori_shape', 'annotated',
)  # fmt: skip
_OPTIONAL_META = ('landmarks', 'finding_xyxy', 'style')
_CASE_META = ('case_id', 'patient_id', 'study_uid', 'laterality', 'group_by', 'complete', 'annotated')


@TRANSFORMS.register_module()
class PackCaseInputs(BaseTransform):
    """Makes ``inputs``, one (S, 1, H, W) float32 tensor a view, and ``data_samples``, a ``MammoCaseSample``.

    Slices of findings become bins: ``gt_instances`` of a view has ``bboxes`` (n, 4) float32 xyxy in network pixels,
    ``labels`` (n,), ``slices`` (n,) bin, or -1 where no slice is annotated, ``slice_ranges`` (n, 2) first and last
    visible bin, or -1, and ``lesion_ids``, n strings. Where the data set was asked for masks, also ``masks``, n
    ``BitmapMasks`` in network pixels, and ``has_masks`` (n,), false where the file has no outline and the mask is
        empty. Where ``InsertTumours`` made one, a view has ``synthetic`` (1, 1, H, W). A view that has been through
    ``LocateLandmarks`` has ``landmarks``, and one that has been through ``CropFinding`` has ``finding_xyxy``, both
    in stored pixels, as meta information. What a transform has to say of what is predicted (``input_note``) is in
    ``pred_note`` from the start.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        views = results['views']
        check_one_grid(results)
        sample = MammoCaseSample(metainfo={key: results[key] for key in _CASE_META})
        sample.views = [_pack_view(view) for view in views]
        sample.gt_malignancy = malignancy_label(results['gt_malignancy'], [view['malignant'] for view in views])
        sample.gt_labels = results['gt_labels']
        inputs = [torch.from_numpy(np.ascontiguousarray(view['img'], dtype=np.float32))[:, None] for view in views]
        return dict(inputs=inputs, data_samples=sample)


def _pack_view(view: dict[str, Any]) -> DetDataSample:
    metainfo = {key: view[key] for key in (*_VIEW_META, *(key for key in _OPTIONAL_META if key in view))}
    sample = DetDataSample(metainfo={**metainfo, 'num_slices': view['slice_bins'].num_bins})
    bin_of = view['slice_bins'].bin_of
    slices, ranges = (
        [bin_of(index) if index >= 0 else -1 for index in view[key].ravel().tolist()]
        for key in ('gt_slices', 'gt_slice_ranges')
    )
    sample.gt_instances = InstanceData(
        bboxes=torch.from_numpy(view['gt_bboxes']),
        labels=torch.from_numpy(view['gt_bboxes_labels']),
        slices=torch.tensor(slices, dtype=torch.long),
        slice_ranges=torch.tensor(ranges, dtype=torch.long).reshape(-1, 2),
        lesion_ids=view['gt_lesion_ids'],
    )
    if 'gt_segmentations' in view:
        from mmdet.structures.mask import BitmapMasks  # reaches mmcv.ops: only where masks are asked for

        masks, has_masks = draw_masks(view)
        sample.gt_instances.masks = BitmapMasks(masks, *view['img_shape'])
        sample.gt_instances.has_masks = torch.from_numpy(has_masks)
    sample.gt_labels = view['gt_labels']
    if 'img_synthetic' in view:
        pixels = np.ascontiguousarray(view['img_synthetic'], dtype=np.float32)
        sample.set_field(torch.from_numpy(pixels)[:, None], 'synthetic')
    if 'input_note' in view:
        store_note(sample, view['input_note'])
    return sample
