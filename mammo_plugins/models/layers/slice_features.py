"""Feature maps of many slices, kept in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from .precision import at_least_float32


@dataclass(frozen=True)
class SliceFeatures:
    """Feature levels of a batch's slice images, in the pieces that went through the backbone together.

    Pieces are never joined: joined, the gradient of each piece would be as large as all of them. They keep the number
    type of the backbone (bfloat16 in mixed precision); a piece becomes float32 only while it is pooled.

    Args:
        pieces: for each piece its levels, each (slice images of the piece, D, H_l, W_l).
    """

    pieces: tuple[tuple[Tensor, ...], ...]

    def pool(self, extractor: nn.Module, rois: Tensor, images: Sequence[int]) -> Tensor:
        """RoI features in float32 or better.

        Args:
            extractor: mmdet's RoI extractor.
            rois: (len(images) * N, 5) rows of slice image and box, in network pixels, image after image.
            images: the slice images, rising.

        Returns:
            (len(images) * N, D, k, k).
        """
        rois_of = dict(zip(images, rois.chunk(len(images))))
        pooled = []
        starts = accumulate((len(levels[0]) for levels in self.pieces), initial=0)
        for start, levels in zip(starts, self.pieces):
            own = [rois_of[image] for image in images if start <= image < start + len(levels[0])]
            if own:
                shift = rois.new_tensor([start, 0, 0, 0, 0])
                used = [at_least_float32(level) for level in levels[: extractor.num_inputs]]
                pooled.append(extractor(used, torch.cat(own) - shift))
        return torch.cat(pooled)
