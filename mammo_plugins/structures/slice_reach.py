"""How many slices a finding is taken to reach, where only one is annotated or predicted."""

from __future__ import annotations

import numpy as np

from .geometry import project_boxes


def slice_reach(boxes_xyxy: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """(n,) stored slices to either side: ``floor(sqrt((w + h) / 2))`` of the box in stored pixels.

    Args:
        boxes_xyxy: (n, 4) float64, in any pixels.
        homography: (3, 3) from stored pixels to those.

    Source: Buda et al., JAMA Network Open 2021, as taken up by M&M-3D, section 4.2.
    """
    stored = project_boxes(boxes_xyxy, np.linalg.inv(homography))
    width, height = (stored[:, 2:] - stored[:, :2]).T
    return np.floor(np.sqrt((width + height) / 2)).astype(np.int64)
