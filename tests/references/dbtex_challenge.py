"""The DBTex challenge's rule, slowly: one volume, prediction and threshold after the other."""

from __future__ import annotations

import math


def dbtex_sensitivities(volumes, boxes, predictions):
    """The six numbers of the challenge.

    Args:
        volumes: name to number of slices, volumes without boxes included.
        boxes: (volume, x, y, width, height, slice).
        predictions: (volume, x, y, width, height, z, depth, score).
    """
    hits = [_box_hit(prediction, boxes, volumes) for prediction in predictions]
    positive = {box[0] for box in boxes}
    in_positive = [i for i, prediction in enumerate(predictions) if prediction[0] in positive]
    everything = range(len(predictions))
    names = {2.0: 'sensitivity_at_2_fps_all'}
    result = {
        name: _sensitivity(point, everything, hits, predictions, len(volumes), boxes) for point, name in names.items()
    }
    for point in (1.0, 2.0, 3.0, 4.0):
        value = _sensitivity(point, in_positive, hits, predictions, len(positive), boxes)
        result[f'sensitivity_at_{point:g}_fps_positive'] = value
    result['mean_sensitivity_positive'] = sum(result[f'sensitivity_at_{n}_fps_positive'] for n in range(1, 5)) / 4
    return result


def _box_hit(prediction, boxes, volumes):
    """Number of the box that a prediction hits, or None."""
    volume, x, y, width, height, z, depth, _ = prediction
    nearest, best = None, math.inf
    for number, (box_volume, box_x, box_y, box_width, box_height, box_slice) in enumerate(boxes):
        if box_volume != volume:
            continue
        dx = (x + width / 2) - (box_x + box_width / 2)
        dy = (y + height / 2) - (box_y + box_height / 2)
        dz = (z + depth / 2) - box_slice
        reach = max(math.hypot(box_width, box_height) / 2, 100)
        if math.hypot(dx, dy) <= reach and abs(dz) <= volumes[volume] / 4 and math.hypot(dx, dy, dz) < best:
            nearest, best = number, math.hypot(dx, dy, dz)
    return nearest


def _sensitivity(point, rows, hits, predictions, num_volumes, boxes):
    """Linear interpolation at a number of false positives a volume."""
    scores = [predictions[row][7] for row in rows]
    if not scores:
        return 0.0
    thresholds = [max(scores) + 1, *(predictions[row][7] for row in rows if hits[row] is not None), min(scores) - 1]
    curve = []
    for threshold in sorted(thresholds, reverse=True):
        accepted = [hits[row] for row in rows if predictions[row][7] >= threshold]
        found = len({hit for hit in accepted if hit is not None})
        curve.append((sum(hit is None for hit in accepted) / num_volumes, found / len(boxes)))
    return _between(curve, point)


def _between(curve, point):
    """Height of the polyline at ``point``; the highest one where it rises vertically, the last one behind its end."""
    left = max(p for p in curve if p[0] <= point)
    right = min((p for p in curve if p[0] > point), default=None)
    if right is None:
        return left[1]
    return left[1] + (right[1] - left[1]) * (point - left[0]) / (right[0] - left[0])
