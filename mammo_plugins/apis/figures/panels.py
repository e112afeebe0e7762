"""A finding as each model sees it, for the counterpart of M&M-3D's Fig. 3: pictures, and the numbers in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mammo_plugins.apis.report.finding_hits import finding_corners
from mammo_plugins.apis.report.network_cases import network_frames
from mammo_plugins.io import FindingRecord, ImageRecord
from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.geometry import project_boxes
from mammo_plugins.visualization.finding_panels import FindingPanel, FindingRow, PanelBox
from mammo_plugins.visualization.hanging import hang_box, hang_pixels

from .choice import ShownImage
from .models import ImageFindings, ModelFindings

MAX_BOXES = 10  # predictions a panel, best first

Numbers = dict[str, object]


def describe_row(columns: Sequence[ModelFindings], shown: Sequence[ShownImage]) -> tuple[FindingRow, Numbers]:
    """A row of panels, and every number that is drawn in it.

    Args:
        columns: the models.
        shown: the image that each of them reads.
    """
    described = [_describe_panel(column, one) for column, one in zip(columns, shown, strict=True)]
    image, finding = shown[-1].image, shown[-1].finding
    numbers = {**image_numbers(image), 'lesion_id': finding.lesion_id, 'type': finding.attributes.get('type')}
    numbers['panels'] = [panel_numbers for _, panel_numbers in described]
    return FindingRow('\n'.join(finding_name(image, finding)), [panel for panel, _ in described]), numbers


def finding_name(image: ImageRecord, finding: FindingRecord) -> list[str]:
    """What a finding is called in a figure: whose view, and its type where that is known; ids only."""
    return [f'{image.patient_id} {image.view}', *filter(None, [finding.attributes.get('type')])]


def image_numbers(image: ImageRecord) -> Numbers:
    """Which image it is."""
    return {'patient_id': image.patient_id, 'study_uid': image.study_uid, 'view': image.view_name}


def finding_numbers(finding: FindingRecord) -> Numbers:
    """An annotated finding in stored pixels and slices."""
    return {
        'box_xyxy': finding_corners([finding])[0].tolist(),
        'slice': finding.slice_index,
        'slice_range': finding.slice_range,
        'lesion_id': finding.lesion_id,
    }


def slice_span(bins: SliceBins, bin_index: int) -> str:
    """The stored slices of a bin, counted from 0."""
    first, last = bins.first(bin_index), bins.last(bin_index)
    return f'slice {first}' if first == last else f'slices {first}–{last}'


def _picture_text(image: ImageRecord, bins: SliceBins, bin_index: int) -> str:
    """What a picture shows of an image."""
    if bins.num_slices == 1:
        return image.modality_text
    if bins.num_bins == 1:
        return f'{image.modality_text}, projection of {bins.num_slices} slices'
    return f'{image.modality_text}, {slice_span(bins, bin_index)} of {bins.num_slices}'


def _describe_panel(column: ModelFindings, shown: ShownImage) -> tuple[FindingPanel, Numbers]:
    image, found = shown.image, column.by_image[shown.image.id]
    view = column.load_view(image.id)
    match = None if shown.finding is None else found.best_match(shown.finding)
    bin_index, chosen_by = _choose_bin(found, shown.finding, match)
    drawn = _drawn_rows(found, column.threshold, match)
    malignant = [finding for finding in column.annotations.findings_of(image.id) if finding.category == 'malignant']
    picture = network_frames(view)[bin_index]
    truth, boxes = (
        [
            hang_box(tuple(map(float, box)), picture.shape[1], image.view)
            for box in project_boxes(corners, view['homography_matrix'])
        ]
        for corners in (finding_corners(malignant), found.boxes_xyxy[drawn])
    )
    passes = (found.scores[drawn] >= column.threshold).tolist()
    predictions = [PanelBox(*values) for values in zip(boxes, found.scores[drawn].tolist(), passes)]
    caption = _picture_text(image, found.bins, bin_index)
    numbers = {
        'model': column.model.name,
        'image': {**image_numbers(image), 'modality': image.modality},
        'shown_slices': [found.bins.first(bin_index), found.bins.last(bin_index)],
        'slices_chosen_by': chosen_by,
        'annotated': [finding_numbers(finding) for finding in malignant],
        'predicted': [_prediction_numbers(found, row, column.threshold, match) for row in drawn],
    }
    return FindingPanel(hang_pixels(picture, image.view), truth, predictions, caption), numbers


def _prediction_numbers(found: ImageFindings, row: int, threshold: float, match: int | None) -> Numbers:
    return {
        'box_xyxy': found.boxes_xyxy[row].tolist(),
        'slice': int(found.slices[row]),
        'score': float(found.scores[row]),
        'passes_threshold': bool(found.scores[row] >= threshold),
        'best_match': row == match,
    }


def _choose_bin(found: ImageFindings, finding: FindingRecord | None, match: int | None) -> tuple[int, str]:
    """The bin that the best match names, or that of the annotation where nothing matches; and which it was."""
    if found.bins.num_bins == 1:
        return 0, 'the only picture'
    if match is not None:
        return found.bins.bin_of(int(found.slices[match])), 'slice of the best match'
    if finding is not None and finding.slice_index is not None:
        return found.bins.bin_of(finding.slice_index), 'annotated slice'
    return found.bins.num_bins // 2, 'middle of the volume'


def _drawn_rows(found: ImageFindings, threshold: float, match: int | None) -> list[int]:
    """The findings that pass the threshold, at most ``MAX_BOXES``, and the best match whether or not it passes."""
    passing = np.flatnonzero(found.scores >= threshold)[:MAX_BOXES].tolist()
    return passing if match is None or match in passing else [*passing, match]
