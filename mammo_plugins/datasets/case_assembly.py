"""The dictionaries that transforms work on.

A case: ``case_id``, ``patient_id``, ``study_uid``, ``laterality`` (L, R, or B for both), ``group_by`` (see
:mod:`~mammo_plugins.datasets.grouping`), ``complete`` (whether no image of it is missing), ``annotated``,
``gt_malignancy`` (of the breast; 1, 0 or NaN), ``gt_labels`` (name to number, NaN where unknown), ``views`` (list of
view dictionaries, one or more, in the order of the grouping) and, in training, ``rng`` (see ``case_dataset``).

A view: ``image_id``, ``img_path``, ``view`` (L-CC), ``view_name``, ``modality``, ``manufacturer``, ``spacing_mm``,
``patient_id``, ``study_uid``, ``num_source_slices``, ``ori_shape`` (H, W) stored, ``rotated_180``, ``nipple_xy`` and
``chest_wall_xyxy`` (annotated, in stored pixels, or None), ``malignant`` (1, 0 or NaN), ``gt_labels``, ``annotated``
and the findings that are targets:

- ``gt_bboxes`` (n, 4) float32 xyxy in current pixels,
- ``gt_bboxes_labels`` (n,) int64,
- ``gt_slices`` (n,) int64 stored slice, -1 where none is annotated,
- ``gt_slice_ranges`` (n, 2) int64 first and last visible stored slice, -1 where unknown,
- ``gt_lesion_ids`` n strings, empty where unknown,
- ``gt_segmentations``, only where masks are asked for: n outlines in stored pixels as COCO has them, None where the
  file has none; packing draws them (see ``finding_masks``).

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

from .annotated_image import AnnotatedImage, breast_malignancy
from .grouping import COMPLETE, CaseGroup
from .targets import Targets

BOTH_SIDES = 'B'
"""As DICOM Image Laterality (0020,0062) has it."""


def describe_case(group: CaseGroup, targets: Targets) -> dict[str, Any]:
    """The dictionary of a case before its images are loaded.

    A malignant breast without any malignant finding is not annotated, and neither are its views. In an annotated
    breast, a view that is malignant itself and has no malignant finding is not annotated. Of two breasts each is
    judged by its own images. Where more than malignant findings are targets, benign ones count likewise, and findings
    of unknown class leave a breast unannotated too; see :meth:`Targets.is_annotated`.

    Args:
        group: the images.
        targets: which findings and labels are learned.
    """
    record = group.images[0].record
    breasts: dict[str, list[AnnotatedImage]] = {}
    for member in group.members:
        breasts.setdefault(member.record.view_key.laterality.value, []).append(member)
    annotated = {side: targets.is_annotated(images) for side, images in breasts.items()}
    return dict(
        case_id=group.case_id,
        patient_id=record.patient_id,
        study_uid=record.study_uid,
        laterality=BOTH_SIDES if group.group_by == 'bilateral' else record.view_key.laterality.value,
        group_by=group.group_by,
        complete=group.status == COMPLETE,
        annotated=all(annotated.values()),
        gt_malignancy=breast_malignancy(group.members),
        gt_labels=targets.labels_of(group.members),
        views=[
            describe_view(image, targets, annotated[image.record.view_key.laterality.value]) for image in group.images
        ],
    )


def describe_view(image: AnnotatedImage, targets: Targets, breast_annotated: bool = True) -> dict[str, Any]:
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
        nipple_xy=record.nipple_xy,
        chest_wall_xyxy=record.chest_wall_xyxy,
        malignant=image.malignancy,
        gt_labels=targets.labels_of([image]),
        annotated=breast_annotated and targets.is_annotated([image]),
        **_target_arrays(image.findings, targets),
    )


def _target_arrays(findings: Sequence[FindingRecord], targets: Targets) -> dict[str, Any]:
    indices = [targets.class_index(finding) for finding in findings]
    findings = [finding for finding, index in zip(findings, indices, strict=True) if index is not None]
    boxes = np.array([finding.bbox_xywh for finding in findings], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    slices = [-1 if finding.slice_index is None else finding.slice_index for finding in findings]
    ranges = [finding.slice_range or (-1, -1) for finding in findings]
    arrays = dict(
        gt_bboxes=boxes.astype(np.float32),
        gt_bboxes_labels=np.array([index for index in indices if index is not None], dtype=np.int64),
        gt_slices=np.array(slices, dtype=np.int64),
        gt_slice_ranges=np.array(ranges, dtype=np.int64).reshape(-1, 2),
        gt_lesion_ids=[finding.lesion_id or '' for finding in findings],
    )
    if targets.masks:
        arrays['gt_segmentations'] = [finding.segmentation or None for finding in findings]
    return arrays
