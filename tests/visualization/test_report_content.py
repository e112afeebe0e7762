"""How views are hung in a report."""

from __future__ import annotations

import numpy as np

from mammo_plugins.visualization import ReportPrediction, ReportTruth, ReportView


def view(name: str) -> ReportView:
    """Chest wall at the left; boxes are measured in a stored image of twice the frame's size."""
    frames = np.zeros((2, 4, 6), np.uint8)
    frames[:, :, 0] = 200
    return ReportView(
        name,
        frames,
        truth=[ReportTruth((2, 1, 4, 3), 0, 1, 0)],
        predictions=[ReportPrediction((0, 0, 5, 2), 1, 0.5)],
        stored_size=(12, 8),
    )


def test_right_breast_has_its_chest_wall_at_the_right_with_its_boxes():
    hung = view('R-MLO').hung()
    assert (hung.frames[:, :, -1] == 200).all() and (hung.frames[:, :, :-1] == 0).all()
    assert hung.truth[0].box_xyxy == (8, 1, 10, 3)
    assert hung.predictions[0].box_xyxy == (7, 0, 12, 2)


def test_left_breast_stays_as_it_is():
    assert view('L-MLO').hung().truth[0].box_xyxy == (2, 1, 4, 3)
    assert (view('L-CC').hung().frames[:, :, 0] == 200).all()
