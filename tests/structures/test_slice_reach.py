from __future__ import annotations

import numpy as np

from mammo_plugins.structures.geometry import scale_homography
from mammo_plugins.structures.slice_reach import slice_reach


def test_reach_is_the_root_of_the_mean_side_in_stored_pixels():
    boxes = np.array([[0, 0, 100, 100], [10, 20, 60, 170], [0, 0, 1, 1], [0, 0, 120, 121.9]], float)
    assert slice_reach(boxes, np.eye(3)).tolist() == [10, 10, 1, 10]
    quarter = scale_homography(0.25, 0.25)
    assert slice_reach(boxes / 4, quarter).tolist() == [10, 10, 1, 10]
    assert slice_reach(np.zeros((0, 4)), np.eye(3)).tolist() == []
