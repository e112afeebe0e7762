"""Images that generators made some steps ago, so that a discriminator does not forget them.

Glossary: W processes, n images of one of them.
"""

from __future__ import annotations

import numpy as np
import torch
from mmengine.dist import all_gather, get_rank, get_world_size
from torch import Tensor


class ImagePool:
    """Hands out half of the images that it gets, and for the others older ones, whose place they take.

    Until it is full, it keeps each image and hands it out. There is one pool, whatever the number of processes: each
    process keeps all of it, and draws as the others do, so that several processes train as one. It is no part of a
    checkpoint, and fills again after a training was resumed.

    Source: Shrivastava et al. 2017, as Zhu et al. 2017 use it, section 4.

    Args:
        size: images that it holds; 0 hands out what it gets.
        seed: of the draws.

    Raises:
        ValueError: the size is negative.
    """

    def __init__(self, size: int = 50, seed: int = 0) -> None:
        if size < 0:
            raise ValueError(f'a pool holds 0 or more images, got {size}')
        self.size = size
        self._images: list[Tensor] = []
        self._rng = np.random.default_rng(seed)

    def exchange(self, images: Tensor) -> Tensor:
        """(n, C, H, W) images, without gradient, for as many given; n is the same in every process."""
        if self.size == 0:
            return images.detach()
        everyone = _interleaved(images.detach())
        handed_out = torch.stack([self._exchange_one(image) for image in everyone])
        return handed_out[get_rank() :: get_world_size()]

    def _exchange_one(self, image: Tensor) -> Tensor:
        if len(self._images) < self.size:
            self._images.append(image.clone())
            return image
        if self._rng.uniform() <= 0.5:
            return image
        chosen = int(self._rng.integers(self.size))
        older, self._images[chosen] = self._images[chosen], image.clone()
        return older


def _interleaved(own: Tensor) -> Tensor:
    """(W * n, ...) images of all processes in the order of one process, whose samples they take in turn."""
    if get_world_size() == 1:
        return own
    return torch.stack(all_gather(own.contiguous()), dim=1).flatten(0, 1)
