"""Breasts of an annotation file as the HTML report shows them, with the findings of a predictions CSV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from mammo_plugins.evaluation import DetectionTruth, MatchedDetections, Predictions
from mammo_plugins.io import AnnotationSet, FindingRecord, canonical_flips
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.structures import SliceBins
from mammo_plugins.visualization import ReportCase, ReportPrediction, ReportTruth, ReportView

_MAX_FRAMES = 24  # a volume
_MAX_PREDICTIONS = 10  # a view, best first
_MAX_HEIGHT = 900


def stored_case(
    breast: int,
    annotations: AnnotationSet,
    truth: DetectionTruth,
    predictions: Predictions,
    matched: MatchedDetections,
) -> ReportCase:
    """Describes one breast; its images are read from their files.

    Args:
        breast: position in ``truth.breasts``.
        annotations: the evaluated images, those of ``truth`` in the same order.
        truth: the same as arrays.
        predictions: all predictions.
        matched: the same predictions, matched.

    Raises:
        UnreadableImageError: an image cannot be read.
    """
    images = np.flatnonzero(truth.breast_index == breast)
    is_benign = (truth.benign[images] == 1).any()
    label = 'malignant' if truth.malignant[images].any() else 'benign' if is_benign else 'not malignant'
    if truth.unannotated[images].any():
        label += ', not all boxes annotated'
    return ReportCase(
        case_id=' / '.join(truth.breasts[breast]),
        label=label,
        views=[_view(image, annotations, truth, predictions, matched) for image in images[:2]],
    )


def _view(
    index: int,
    annotations: AnnotationSet,
    truth: DetectionTruth,
    predictions: Predictions,
    matched: MatchedDetections,
) -> ReportView:
    image = annotations.images[index]
    bins = SliceBins.at_most(image.num_slices, _MAX_FRAMES)
    middles = [bins.middle(number) for number in range(bins.num_bins)]
    source = open_image(annotations.resolve_path(image))
    middle = next(iter(source.iter_slices([image.num_slices // 2])))
    orientation = source.header.patient_orientation
    try:
        flips = canonical_flips(
            middle, rotated_180=image.rotated_180, patient_orientation=orientation, view=image.view_key
        )
    except ValueError as error:  # turned by 90 degrees
        raise UnreadableImageError(source.header.path, str(error)) from error
    rows = np.flatnonzero(matched.image_index == index)
    rows = rows[np.argsort(-predictions.scores[rows], kind='stable')][:_MAX_PREDICTIONS]

    def shown(box_xywh: Sequence[float]) -> tuple[float, float, float, float]:
        x, y, width, height = flips.apply_to_box(tuple(map(float, box_xywh)), image.width, image.height)
        return (x, y, x + width, y + height)

    return ReportView(
        view_name=str(image.view),
        frames=np.stack([_picture(flips.apply(pixels)) for pixels in source.iter_slices(middles)]),
        truth=[
            report_truth(finding, image.num_slices, shown(finding.bbox_xywh))
            for finding in annotations.findings_of(image.id)
        ],
        predictions=[
            ReportPrediction(
                box_xyxy=shown(predictions.boxes_xywh[row]),
                slice_index=int(predictions.slices[row]),
                score=float(predictions.scores[row]),
                hit=None if truth.unannotated[index] else bool(matched.finding_index[row] >= 0),
            )
            for row in rows
        ],
        stored_size=(image.width, image.height),
        slice_ranges=[(bins.first(number), bins.last(number)) for number in range(bins.num_bins)],
        caption=image.modality,
    )


def report_truth(finding: FindingRecord, num_slices: int, box_xyxy: tuple[float, float, float, float]) -> ReportTruth:
    """An annotated finding as a report shows it; one whose slices are not known is shown in all of them.

    Args:
        finding: the annotation.
        num_slices: stored slices of its image.
        box_xyxy: its box in the pixels of the picture that is shown.
    """
    unknown = (0, num_slices - 1) if finding.slice_index is None else (finding.slice_index, finding.slice_index)
    first, last = finding.slice_range or unknown
    return ReportTruth(
        box_xyxy=box_xyxy,
        first_slice=first,
        last_slice=last,
        slice_index=(first + last) // 2 if finding.slice_index is None else finding.slice_index,
        text=f'{finding.category} {finding.attributes.get("type", "")}'.strip(),
        malignant=finding.category == 'malignant',
    )


def _picture(pixels: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of intensities in [0, 1], at most as high as a report shows."""
    picture = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
    if picture.height > _MAX_HEIGHT:
        width = max(1, round(picture.width * _MAX_HEIGHT / picture.height))
        picture = picture.resize((width, _MAX_HEIGHT), Image.Resampling.BOX)
    return np.asarray(picture)
