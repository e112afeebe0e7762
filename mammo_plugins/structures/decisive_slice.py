"""The slice that stands for a finding, where several look alike.

Neighbouring slices can be equal (a blank border, a slice that is repeated, a finding that fills the volume). Their
weights then differ by rounding, in which versions, processors and numbers of threads differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

WEIGHT_TOLERANCE = 1e-4
"""Share of the largest weight by which another may be smaller and still count as equal.

Single precision leaves about 1e-6 after a softmax over slices; a hundred times that is no difference to a reader.
"""


def decisive_slice(weights: np.ndarray | torch.Tensor) -> np.ndarray | torch.Tensor:
    """The lowest slice whose weight equals the largest one, up to :data:`WEIGHT_TOLERANCE`.

    Args:
        weights: (..., S) not negative.

    Returns:
        (...) indices of slices, of the same library.
    """
    if isinstance(weights, np.ndarray):
        return np.argmax(weights >= (1 - WEIGHT_TOLERANCE) * weights.max(axis=-1, keepdims=True), axis=-1)
    reaches = weights >= (1 - WEIGHT_TOLERANCE) * weights.amax(dim=-1, keepdim=True)
    return reaches.int().argmax(dim=-1)  # documented to be the first of equal values
