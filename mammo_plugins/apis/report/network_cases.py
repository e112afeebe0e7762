"""Breasts as the HTML report shows them: what the detector saw, the truth, and what it said."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.structures import DetDataSample

from mammo_plugins.apis.finding_locations import LocatedFindings
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
) -> ReportCase:
    """Describes one case.

    Pictures are the network's input (canonical orientation, cropped, slice bins), and boxes are drawn in its pixels.

    Args:
        dataset: where the case is from.
        index: its index there.
        sample: its predictions, in stored pixels and slices: findings, malignancy or labels, whatever there is.
        annotations: the annotated findings.
        overlays: saliency maps; None for none.
        pictures: what a model made of the images; None for none.
        located: where findings lie, in words; None where that is not known.
    """
    case = dataset.load_case(index)
    known = {0.0: 'not malignant', 1.0: 'malignant'}
    return ReportCase(
        case_id=case['case_id'],
        label=known.get(float(case['gt_malignancy']), 'unknown') + ('' if case['annotated'] else ', without boxes'),
        views=[
            _report_view(view, found, annotations, overlays, pictures, located)
            for view, found in zip(case['views'], sample.views)
        ],
        caption=_predicted(sample, 'predicted malignancy'),
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
) -> ReportView:
    bins = view['slice_bins']
    findings = annotations.findings_of(view['image_id'])
    boxes = project_boxes(finding_corners(findings), view['homography_matrix'])
    frames = network_frames(view)
    image = annotations.image(view['image_id'])
    key, size = modality_key(image), (frames.shape[2], frames.shape[1])
    return ReportView(
        view_name=view['view'],
        frames=frames,
        truth=[
            report_truth(finding, view['num_source_slices'], tuple(map(float, box)))
            for finding, box in zip(findings, boxes)
        ],
        predictions=_predictions(view, sample, findings, image, located),
        slice_ranges=[(bins.first(index), bins.last(index)) for index in range(bins.num_bins)],
        caption=', '.join(filter(None, [image.modality_text, _predicted(sample, 'malignancy')])),
        saliency=overlays.over(key, view['homography_matrix'], size) if overlays else (),
        patches=overlays.patches(key, view['homography_matrix']) if overlays else (),
        pictures=made_pictures(pictures, key, view['homography_matrix'], size),
    )


def _predictions(
    view: dict[str, Any],
    sample: DetDataSample,
    findings: list[FindingRecord],
    image: ImageRecord,
    located: LocatedFindings | None,
) -> list[ReportPrediction]:
    if 'pred_instances' not in sample:
        return []
    found = sample.pred_instances[sample.pred_instances.scores.argsort(descending=True, stable=True)[:_MAX_PREDICTIONS]]
    stored = found.bboxes.double().numpy()
    shown = project_boxes(stored, view['homography_matrix'])
    lesions = found.lesions.tolist() if 'lesions' in found else [0] * len(found)
    hits = _hits(stored, found.slices.numpy(), findings, view['num_source_slices'])
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
