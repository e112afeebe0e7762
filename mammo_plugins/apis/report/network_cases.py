"""Breasts as the HTML report shows them: what the detector saw, the truth, and what it said."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.structures import DetDataSample

from mammo_plugins.apis.finding_locations import LocatedFindings
from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.evaluation.image_names import modality_key
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.io.coco_volume import FindingRecord
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.geometry import project_boxes
from mammo_plugins.visualization import ReportCase, ReportPrediction, ReportView

from .finding_hits import finding_corners, finding_hits
from .label_text import label_text
from .picture_layers import PictureLayers, made_pictures
from .stored_cases import report_truth
from .view_pixels import KeptPixels, read_view_pixels

_HIT_PROTOCOL = 'mm3d'
_MAX_PREDICTIONS = 10  # a view, best first


def report_case(
    dataset: CaseDataset,
    index: int,
    sample: MammoCaseSample,
    annotations: AnnotationSet,
    overlays: PictureLayers | None = None,
    pictures: PictureLayers | None = None,
    located: LocatedFindings | None = None,
    kept: KeptPixels | None = None,
) -> ReportCase:
    """Describes one case.

    Its images are shown as they are stored, with the chest wall at the left, whatever the network crops or resizes.

    Args:
        dataset: where the case is from.
        index: its index there.
        sample: its predictions, in stored pixels and slices: findings, malignancy or labels, whatever there is.
        annotations: the annotated findings.
        overlays: saliency maps; None for none.
        pictures: what a model made of the images; None for none.
        located: where findings lie, in words; None where that is not known.
        kept: how much of the images is shown.

    Raises:
        UnreadableImageError: an image cannot be read.
    """
    case = dataset.load_case(index)
    first = annotations.image(case['views'][0]['image_id'])
    known = {0.0: 'not malignant', 1.0: 'malignant'}
    return ReportCase(
        case_id=case['case_id'],
        label=known.get(float(case['gt_malignancy']), 'unknown') + ('' if case['annotated'] else ', without boxes'),
        views=[
            _report_view(view, found, annotations, overlays, pictures, located, kept or KeptPixels())
            for view, found in zip(case['views'], sample.views)
        ],
        caption=_predicted(sample, 'predicted malignancy'),
        patient=first.patient_id,
        study=first.study_uid,
    )


def _predicted(sample: MammoCaseSample | DetDataSample, malignancy: str) -> str:
    """The malignancy and the labels that a case or an image was given, and how its prediction came about."""
    parts = [f'{malignancy} {sample.pred_malignancy:.2f}'] if 'pred_malignancy' in sample else []
    if 'pred_labels' in sample:
        parts.append(label_text(sample.pred_labels))
    if 'pred_note' in sample:
        parts.append(sample.pred_note)
    return ', '.join(parts)


def network_frames(view: dict[str, Any]) -> np.ndarray:
    """(S, H, W) uint8 pictures of what the network gets to see of a loaded view, one a slice bin."""
    return np.round(np.clip(view['img'], 0, 1) * 255).astype(np.uint8)


def _report_view(
    view: dict[str, Any],
    sample: DetDataSample,
    annotations: AnnotationSet,
    overlays: PictureLayers | None,
    pictures: PictureLayers | None,
    located: LocatedFindings | None,
    kept: KeptPixels,
) -> ReportView:
    image = annotations.image(view['image_id'])
    findings = annotations.findings_of(image.id)
    source, flips = open_canonical(annotations, image)
    key, size = modality_key(image), (image.width, image.height)
    homography = flips.homography(*size)
    boxes = project_boxes(finding_corners(findings), homography)
    return ReportView(
        view_name=view['view'],
        **read_view_pixels(source, flips, image, kept).of_report,
        truth=[
            report_truth(finding, image.num_slices, tuple(map(float, box))) for finding, box in zip(findings, boxes)
        ],
        predictions=_predictions(homography, sample, findings, image, located),
        stored_size=size,
        modality=image.modality,
        spacing_mm=image.spacing_mm,
        slice_spacing_mm=image.slice_spacing_mm,
        caption=', '.join(filter(None, [image.modality_text, _predicted(sample, 'malignancy')])),
        saliency=overlays.over(key, homography, size) if overlays else (),
        patches=overlays.patches(key, homography) if overlays else (),
        pictures=made_pictures(pictures, key, homography, size),
    )


def _predictions(
    homography: np.ndarray,
    sample: DetDataSample,
    findings: list[FindingRecord],
    image: ImageRecord,
    located: LocatedFindings | None,
) -> list[ReportPrediction]:
    if 'pred_instances' not in sample:
        return []
    found = sample.pred_instances[sample.pred_instances.scores.argsort(descending=True, stable=True)[:_MAX_PREDICTIONS]]
    stored = found.bboxes.double().numpy()
    shown = project_boxes(stored, homography)
    lesions = found.lesions.tolist() if 'lesions' in found else [0] * len(found)
    hits = _hits(stored, found.slices.numpy(), findings, image.num_slices)
    return [
        ReportPrediction(
            box_xyxy=tuple(map(float, box)),
            slice_index=int(slice_index),
            score=float(score),
            slice_weights=weights.tolist() if len(weights) > 1 else None,
            hit=hit,
            lesion=lesion,
            location=located.words(image, own, slice_index) if located else '',
        )
        for own, box, slice_index, score, weights, hit, lesion in zip(
            stored, shown, found.slices, found.scores, found.slice_weights, hits, lesions
        )
    ]


def _hits(
    boxes_xyxy: np.ndarray, slices: np.ndarray, findings: list[FindingRecord], num_slices: int
) -> list[bool | None]:
    """Whether each box hits a malignant finding; None for images without one, where nothing can be hit."""
    malignant = [finding for finding in findings if finding.category == 'malignant']
    if not malignant:
        return [None] * len(boxes_xyxy)
    return finding_hits(boxes_xyxy, slices, malignant, num_slices, _HIT_PROTOCOL).any(axis=1).tolist()
