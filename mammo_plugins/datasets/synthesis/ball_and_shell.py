"""The sharpening kernel: a bright ball in a dark shell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

REACH = 4
"""Slices and pixels to either side that the kernel looks at."""

_BALL, _SHELL = 16, 25  # squares of the radii: r^2 < 16 is the ball, 16 <= r^2 < 25 the shell


def kernel_planes() -> npt.NDArray[np.float32]:
    """(5, 9, 9) planes of the 9 x 9 x 9 kernel at 0 to 4 slices from its middle; it is the same to either side.

    The 251 voxels with r^2 < 16 weigh 2/251, the 234 with 16 <= r^2 < 25 weigh -1/234, so that the sum is 1 and even
    tissue keeps its value.

    Source: Klein 2023, the synthetic mammograms of T-SYNTH (arXiv 2507.04038).
    """
    offsets = np.arange(-REACH, REACH + 1)
    squared = offsets[:, None, None] ** 2 + offsets[:, None] ** 2 + offsets**2
    ball = squared < _BALL
    shell = ~ball & (squared < _SHELL)
    return (2.0 * ball / ball.sum() - shell / shell.sum())[REACH:].astype(np.float32)
