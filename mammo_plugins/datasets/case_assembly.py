"""The dictionaries that transforms work on.

A case: ``case_id``, ``patient_id``, ``study_uid``, ``laterality`` (L or R), ``annotated``, ``gt_malignancy`` (of the
breast; 1, 0 or NaN), ``views`` (list of view dictionaries) and, in training, ``rng`` (see ``case_dataset``).

A view: ``image_id``, ``img_path``, ``view`` (L-CC), ``view_name``, ``modality``, ``manufacturer``, ``spacing_mm``,
``patient_id``, ``study_uid``, ``num_source_slices``, ``ori_shape`` (H, W) stored, ``rotated_180``, ``malignant``
(1, 0 or NaN), ``annotated`` and the findings that are targets:

- ``gt_bboxes`` (n, 4) float32 xyxy in current pixels,
- ``gt_bboxes_labels`` (n,) int64,
- ``gt_slices`` (n,) int64 stored slice, -1 where none is annotated,
- ``gt_slice_ranges`` (n, 2) int64 first and last visible stored slice, -1 where unknown,
- ``gt_lesion_ids`` n strings, empty where unknown.

Loading adds ``img`` (S, H, W), ``img_shape`` (H, W), ``slice_bins`` and ``homography_matrix`` (3, 3) float64, stored
to current pixels, and ``geometry_steps``, which led there (see ``transforms.view_geometry``); until
``OrientCanonical`` has used it, ``patient_orientation`` of the header too. Transforms of ``loading`` see ``img`` as
16-bit grey values (see ``grey_values``), those of ``pipeline`` as float32 in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mammo_plugins.io.coco_volume import FindingRecord

from .annotated_image import AnnotatedImage, breast_malignancy, is_breast_annotated
from .case_grouping import CaseGroup


def describe_case(group: CaseGroup, classes: Sequence[str]) -> dict[str, Any]:
    """The dictionary of a case before its images are loaded.

    A malignant breast without any malignant finding is not annotated, and neither are its views. In an annotated
    breast, a view that is malignant itself and has no malignant finding is not annotated.

    Args:
        group: one or two images of a breast.
        classes: categories that are targets, in the order of their labels; other findings count as background.
    """
    patient_id, study_uid, laterality = group.images[0].record.breast_id
    annotated = is_breast_annotated(group.breast)
    return dict(
        case_id=group.case_id,
        patient_id=patient_id,
        study_uid=study_uid,
        laterality=laterality,
        annotated=annotated,
        gt_malignancy=breast_malignancy(group.breast),
        views=[describe_view(image, classes, annotated) for image in group.images],
    )


def describe_view(image: AnnotatedImage, classes: Sequence[str], breast_annotated: bool = True) -> dict[str, Any]:
    """The dictionary of a view before its image is loaded; see :func:`describe_case`."""
    record = image.record
    return dict(
        image_id=record.id,
        img_path=str(image.path),
        view=record.view,
        view_name=record.view_name,
        modality=record.modality,
        manufacturer=record.manufacturer,
        spacing_mm=record.spacing_mm,
        patient_id=record.patient_id,
        study_uid=record.study_uid,
        num_source_slices=record.num_slices,
        ori_shape=(record.height, record.width),
        rotated_180=record.rotated_180,
        malignant=image.malignancy,
        annotated=breast_annotated and is_breast_annotated([image]),
        **_target_arrays([finding for finding in image.findings if finding.category in classes], classes),
    )


def _target_arrays(findings: Sequence[FindingRecord], classes: Sequence[str]) -> dict[str, Any]:
    boxes = np.array([finding.bbox_xywh for finding in findings], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    slices = [-1 if finding.slice_index is None else finding.slice_index for finding in findings]
    ranges = [finding.slice_range or (-1, -1) for finding in findings]
    return dict(
        gt_bboxes=boxes.astype(np.float32),
        gt_bboxes_labels=np.array([list(classes).index(finding.category) for finding in findings], dtype=np.int64),
        gt_slices=np.array(slices, dtype=np.int64),
        gt_slice_ranges=np.array(ranges, dtype=np.int64).reshape(-1, 2),
        gt_lesion_ids=[finding.lesion_id or '' for finding in findings],
    )
