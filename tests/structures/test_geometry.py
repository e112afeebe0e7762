import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.io.orientation import OrientationFlips
from mammo_plugins.structures.geometry import project_boxes, scale_homography, shift_homography

BOX = np.array([[10.0, 20.0, 30.0, 60.0]])
lengths = st.integers(1, 4000)
factors = st.floats(0.05, 20)


@st.composite
def axis_aligned_homographies(draw):
    flips = OrientationFlips(draw(st.booleans()), draw(st.booleans()))
    steps = [
        flips.homography(draw(lengths), draw(lengths)),
        shift_homography(draw(st.floats(-500, 500)), draw(st.floats(-500, 500))),
        scale_homography(draw(factors), draw(factors)),
    ]
    matrix = np.eye(3)
    for step in draw(st.permutations(steps)):
        matrix = step @ matrix
    return matrix


@pytest.mark.parametrize(
    ('homography', 'expected'),
    [
        (np.eye(3), [10, 20, 30, 60]),
        (OrientationFlips(True, False).homography(100, 200), [70, 20, 90, 60]),
        (OrientationFlips(False, True).homography(100, 200), [10, 140, 30, 180]),
        (shift_homography(-5, 7), [5, 27, 25, 67]),
        (scale_homography(0.5, 2), [5, 40, 15, 120]),
        (np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), [-60, 10, -20, 30]),
        (np.diag([1.0, 1, 2]), [5, 10, 15, 30]),
    ],
)
def test_box_moves_as_worked_out_by_hand(homography, expected):
    np.testing.assert_array_equal(project_boxes(BOX, homography), [expected])


@settings(deadline=None)
@given(axis_aligned_homographies(), st.tuples(*[st.floats(0, 4000)] * 4))
def test_inverse_returns_the_box(homography, corners):
    boxes = np.array([[*np.minimum(corners[:2], corners[2:]), *np.maximum(corners[:2], corners[2:])]])
    there = project_boxes(boxes, homography)
    np.testing.assert_allclose(project_boxes(there, np.linalg.inv(homography)), boxes, atol=1e-6)


@settings(deadline=None)
@given(axis_aligned_homographies())
def test_tensors_move_like_arrays(homography):
    moved = project_boxes(torch.from_numpy(BOX), torch.from_numpy(homography))
    np.testing.assert_array_equal(moved.numpy(), project_boxes(BOX, homography))


def test_number_type_and_shape_are_kept():
    boxes = torch.zeros(0, 4, dtype=torch.float32)
    moved = project_boxes(boxes, np.eye(3))
    assert moved.dtype == torch.float32 and moved.shape == (0, 4)
    assert project_boxes(BOX.astype(np.float32), np.eye(3)).dtype == np.float32


def test_gradient_passes_through():
    boxes = torch.from_numpy(BOX).requires_grad_()
    project_boxes(boxes, scale_homography(3, 3)).sum().backward()
    assert boxes.grad.tolist() == [[3, 3, 3, 3]]


def test_wrong_shapes_are_quoted():
    with pytest.raises(ValueError, match=r'\(1, 5\)'):
        project_boxes(np.zeros((1, 5)), np.eye(3))
