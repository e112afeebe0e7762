"""The slice scores of a finding, for the counterpart of M&M-3D's Fig. 4: a plot, details, and the numbers in them.

Glossary: S slice bins.
"""

from __future__ import annotations

import numpy as np

from mammo_plugins.apis.report.finding_hits import finding_corners
from mammo_plugins.apis.report.network_cases import network_frames
from mammo_plugins.structures.decisive_slice import decisive_slice
from mammo_plugins.structures.geometry import project_boxes
from mammo_plugins.visualization.hanging import Box, hang_box, hang_pixels
from mammo_plugins.visualization.slice_score_plot import SliceInset, SliceScorePanel

from .choice import MatchedFinding
from .models import ModelFindings
from .panels import Numbers, finding_name, finding_numbers, image_numbers, slice_span

_INSET_MARGIN = 2.8  # side of a detail, in sides of the finding's box
_SMALLEST_INSET = 24  # network pixels; less shows no surroundings


def describe_slice_scores(model: ModelFindings, matched: MatchedFinding) -> tuple[SliceScorePanel, Numbers]:
    """The plot of one finding, and every number that is drawn in it.

    Args:
        model: whose scores they are.
        matched: the finding and the proposal that hits it.
    """
    found, bins = matched.found, matched.found.bins
    weights = found.slice_weights[matched.match]
    shown = representative_bins(bins.num_bins, matched.visible_bins, int(decisive_slice(weights)))
    name = ' '.join(finding_name(found.image, matched.finding))
    panel = SliceScorePanel(
        title=f'{name}: visible in {matched.width} of {bins.num_bins} bins, score {matched.score:.2f}',
        weights=weights.tolist(),
        visible_bins=matched.visible_bins,
        insets=_insets(model, matched, shown),
        axis_text=f'slice bin (each of {_bin_sizes(matched)} of {bins.num_slices} slices)',
    )
    numbers = {
        **image_numbers(found.image),
        'annotated': finding_numbers(matched.finding),
        'predicted': {
            'box_xyxy': found.boxes_xyxy[matched.match].tolist(),
            'slice': int(found.slices[matched.match]),
            'score': matched.score,
            'passes_threshold': matched.score >= model.threshold,
        },
        'slice_scores': weights.tolist(),
        'slices_of_bins': [[bins.first(index), bins.last(index)] for index in range(bins.num_bins)],
        'visible_bins': list(matched.visible_bins),
        'inset_bins': shown,
    }
    return panel, numbers


def representative_bins(num_bins: int, visible: tuple[int, int], peak: int) -> list[int]:
    """Bins worth showing: the highest score, both ends of the visible range, and one before and one after it.

    Args:
        num_bins: S.
        visible: first and last bin that show the finding.
        peak: bin of the highest score.
    """
    first, last = visible
    before = [(first - 1) // 2] if first > 0 else []
    after = [(last + num_bins) // 2] if last < num_bins - 1 else []
    return sorted({*before, first, peak, last, *after})


def _bin_sizes(matched: MatchedFinding) -> str:
    bins = matched.found.bins
    sizes = {bins.last(index) - bins.first(index) + 1 for index in range(bins.num_bins)}
    return ' or '.join(map(str, sorted(sizes)))


def _insets(model: ModelFindings, matched: MatchedFinding, shown: list[int]) -> list[SliceInset]:
    found = matched.found
    view = model.load_view(found.image.id)
    frames = hang_pixels(network_frames(view), found.image.view)
    stored = np.stack([finding_corners([matched.finding])[0], found.boxes_xyxy[matched.match]])
    truth, predicted = (
        np.array(hang_box(tuple(box), frames.shape[2], found.image.view))
        for box in project_boxes(stored, view['homography_matrix'])
    )
    left, top, side = _detail(truth, frames.shape[1:])
    truth, predicted = (tuple((box - [left, top, left, top]).tolist()) for box in (truth, predicted))
    peak = int(decisive_slice(found.slice_weights[matched.match]))
    return [
        SliceInset(
            bin_index=index,
            picture=frames[index, top : top + side, left : left + side],
            caption=slice_span(found.bins, index),
            truth=truth if matched.visible_bins[0] <= index <= matched.visible_bins[1] else None,
            prediction=predicted if index == peak else None,
        )
        for index in shown
    ]


def _detail(box: Box | np.ndarray, size: tuple[int, int]) -> tuple[int, int, int]:
    """Left, top and side of a square around a box, inside an image of (H, W) pixels."""
    height, width = size
    longest = max(box[2] - box[0], box[3] - box[1])
    side = min(height, width, max(_SMALLEST_INSET, round(_INSET_MARGIN * longest)))
    left, top = (
        int(np.clip(round((low + high - side) / 2), 0, length - side))
        for low, high, length in ((box[0], box[2], width), (box[1], box[3], height))
    )
    return left, top, side
