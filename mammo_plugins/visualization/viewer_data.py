"""What the page's script reads of the cases; the pixels of their images stand beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .hanging import Box, is_hung_mirrored
from .picture_planes import EncodedStack
from .report_content import ReportCase, ReportPrediction, ReportTruth, ReportView
from .report_overlays import overlay_url

MAX_PREDICTIONS = 20  # a view; more boxes than a reader looks at
_WEIGHT_DIGITS = 5


class EncodedView(NamedTuple):
    """A view as it hangs, with its pictures as text.

    Attributes:
        view: what is shown.
        planes: its frames.
        pictures: name of a picture that a model made to its data URL.
    """

    view: ReportView
    planes: EncodedStack
    pictures: Mapping[str, str]


def viewer_data(cases: Sequence[ReportCase], encoded: Sequence[EncodedView]) -> dict[str, object]:
    """All cases.

    Args:
        cases: as they hang.
        encoded: all their views, in order.
    """
    views = iter(enumerate(encoded))
    return {
        'cases': [
            {
                'id': case.case_id,
                'label': case.label,
                'caption': case.caption,
                'patient': case.patient,
                'study': case.study,
                'daysEarlier': case.days_earlier,
                'views': [_view_data(*next(views)) for _ in case.views],
            }
            for case in cases
        ]
    }


def _view_data(number: int, encoded: EncodedView) -> dict[str, object]:
    view = encoded.view
    ranked = sorted(view.predictions, key=lambda prediction: -prediction.score)[:MAX_PREDICTIONS]
    return {
        'name': view.view_name,
        'modality': view.modality,
        'caption': view.caption,
        'size': list(view.size),
        'spacing': None if view.spacing_mm is None else list(view.spacing_mm),
        'sliceSpacing': view.slice_spacing_mm,
        'ranges': view.ranges,
        'planes': _planes_data(number, encoded),
        'saliency': [
            {'map': layer.source, 'class': layer.category, 'picture': overlay_url(layer.levels, layer.category)}
            for layer in view.saliency
        ],
        'patches': [{'box': _corners(patch.box_xyxy), 'text': patch.text} for patch in view.patches],
        'pictures': [{'name': name, 'picture': url} for name, url in encoded.pictures.items()],
        'truth': [_truth_data(finding) for finding in view.truth],
        'predictions': [_prediction_data(finding) for finding in ranked],
    }


def _planes_data(number: int, encoded: EncodedView) -> dict[str, object]:
    """The size and the scale of a stack; ``box`` is what a frame covers of the pixels that boxes are measured in."""
    view, planes, scale = encoded.view, encoded.planes, encoded.view.display_scale
    width, height = view.size
    if view.reduction is not None:
        step = view.reduction * planes.factor
        covered_width, covered_height = planes.width * step, planes.height * step
        left = width - covered_width if is_hung_mirrored(view.view_name) else 0
        box = [left, 0, left + covered_width, covered_height]
    else:
        box = [0, 0, width, height]
    return {
        'number': number,
        'width': planes.width,
        'height': planes.height,
        'box': box,
        'wide': view.frames.dtype.itemsize > 1,
        'top': scale.top,
        'center': scale.center,
        'breadth': scale.width,
        'curve': scale.function,
        'table': None if scale.table is None else base64.b64encode(scale.table.tobytes()).decode('ascii'),
        'low': scale.low,
        'high': scale.high,
        'background': scale.background,
        'padded': scale.has_padding,
    }


def _truth_data(finding: ReportTruth) -> dict[str, object]:
    return {
        'box': _corners(finding.box_xyxy),
        'first': int(finding.first_slice),
        'last': int(finding.last_slice),
        'slice': int(finding.slice_index),
        'text': finding.text,
        'malignant': finding.malignant,
        'lesion': finding.lesion,
    }


def _prediction_data(finding: ReportPrediction) -> dict[str, object]:
    weights = finding.slice_weights
    return {
        'box': _corners(finding.box_xyxy),
        'slice': int(finding.slice_index),
        'score': float(finding.score),
        'weights': None if weights is None else [round(float(weight), _WEIGHT_DIGITS) for weight in weights],
        'hit': None if finding.hit is None else bool(finding.hit),
        'lesion': lesion_letters(finding.lesion),
        'location': finding.location,
    }


def _corners(box_xyxy: Box) -> list[float]:
    return [round(float(edge), 2) for edge in box_xyxy]


def lesion_letters(number: int) -> str:
    """A for 1, Z for 26, AA for 27; nothing for 0."""
    letters = ''
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord('A') + place) + letters
    return letters
