"""Which order the tiles of an image are in: what a backbone can learn without labels.

Glossary: N images, G x G tiles, P permutations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from torch import Tensor, nn
from torch.nn import functional as F

from ..losses.average_factor import global_average_factor
from .auxiliary_tasks import AuxiliaryTask

_CANDIDATES = 2000


@MODELS.register_module()
class JigsawTask(AuxiliaryTask):
    """Shuffles the tiles of some images and tells which of P permutations it was, or none.

    Images go through the backbone once more, for this task alone. What does not divide into tiles is left out at the
    right and at the bottom.

    Source: EISNet (Wang et al., ECCV 2020), its intrinsic task, after Carlucci et al. (CVPR 2019).

    Args:
        in_channels: channels of the backbone's last map, whose mean is judged.
        grid: G.
        num_permutations: P, beside the order of the image itself.
        unshuffled: share of images that are left as they are.
        loss_weight: of the loss.
        seed: of the permutations.

    Raises:
        ValueError: a number is out of range, or there are not so many permutations.
    """

    def __init__(
        self,
        in_channels: int,
        grid: int = 3,
        num_permutations: int = 30,
        unshuffled: float = 0.9,
        loss_weight: float = 0.7,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if grid < 2 or not 0 <= unshuffled <= 1:
            raise ValueError(f'out of range: {grid=}, {unshuffled=}')
        self.grid, self.unshuffled, self.loss_weight = grid, unshuffled, loss_weight
        orders = np.vstack([np.arange(grid**2), distant_permutations(grid**2, num_permutations, seed)])
        self.register_buffer('orders', torch.from_numpy(orders), persistent=False)
        self.fc = nn.Linear(in_channels, len(orders))

    def loss(
        self,
        backbone: Callable[[Tensor], Sequence[Tensor]],
        features: Sequence[Tensor],
        inputs: Tensor,
        views: Sequence[DetDataSample],
    ) -> dict[str, Tensor]:
        """``loss_jigsaw``: mean over the images of all processes."""
        chosen = torch.randint(1, len(self.orders), (len(inputs),))
        chosen = chosen.where(torch.rand(len(inputs)) >= self.unshuffled, torch.zeros_like(chosen)).to(inputs.device)
        shuffled = shuffle_tiles(inputs, self.orders[chosen], self.grid)
        logits = self.fc(backbone(shuffled)[-1].mean(dim=(2, 3)))
        entropy = F.cross_entropy(logits, chosen, reduction='sum')
        average = global_average_factor(len(inputs), logits.device, 'jigsaws')
        return dict(loss_jigsaw=self.loss_weight * entropy / average)


def shuffle_tiles(images: Tensor, orders: Tensor, grid: int) -> Tensor:
    """Images with their tiles in another order.

    Args:
        images: (N, C, H, W).
        orders: (N, G * G) which tile, counted row by row, comes to each place.
        grid: G.

    Returns:
        (N, C, H', W') with the largest multiples of G up to H and W.
    """
    number, channels = images.shape[:2]
    height, width = (side // grid for side in images.shape[-2:])
    cut = images[..., : height * grid, : width * grid]
    tiles = cut.reshape(number, channels, grid, height, grid, width).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    tiles = tiles[torch.arange(number, device=images.device)[:, None], orders]
    rows = tiles.reshape(number, grid, grid, channels, height, width).permute(0, 3, 1, 4, 2, 5)
    return rows.reshape(number, channels, height * grid, width * grid)


def distant_permutations(length: int, number: int, seed: int = 0) -> np.ndarray:
    """(number, length) permutations that differ in many places from the identity and from one another.

    Each is, of 2000 random ones, the farthest from the nearest before it, the identity among these.

    Source: Noroozi and Favaro (ECCV 2016), section 4.2, on a sample rather than on all permutations.

    Raises:
        ValueError: the sample does not hold so many different ones.
    """
    rng = np.random.default_rng(seed)
    candidates = np.unique([rng.permutation(length) for _ in range(_CANDIDATES)], axis=0)
    nearest = (candidates != np.arange(length)).sum(axis=1)
    chosen = []
    for _ in range(number):
        best = int(nearest.argmax())
        if nearest[best] == 0:
            raise ValueError(f'there are not {number} permutations of {length} tiles beside their own order')
        chosen.append(candidates[best])
        nearest = np.minimum(nearest, (candidates != candidates[best]).sum(axis=1))
    return np.array(chosen)
