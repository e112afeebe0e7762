"""Which findings of CC and MLO are the same mass, by appearance and place.

Glossary: n boxes of a view, C channels of the features, D size of an embedding, K pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import ConfigType
from mmengine.model import BaseModule
from torch import Tensor, nn

from mammo_plugins.structures.geometry import project_boxes

from ..losses.margin_contrastive_loss import pair_distances

NUM_GEOMETRY = 3

Lesion = tuple[int, str | None]
"""Breast of the batch, and the lesion that a box shows: None for no lesion, empty for one without id."""


@MODELS.register_module()
class MassMatchingHead(BaseModule):
    """Embeds the boxes of a view, so that the same mass has nearly the same embedding in CC and MLO.

    The embedding is a two-layer network's of the pooled features of a box and of three numbers that both views share:
    its distances to the nipple and to the chest wall and its size (root of its area), each in parts of the breast's
    extent from the chest wall to the nipple. Two boxes match where their embeddings are closer than half of the margin.

    Source: MSVCL v2 (Li et al. 2023), section III C 2 and figure 5. Not told there: layers, size of the embedding,
    the limit of a match.

    Args:
        in_channels: C of the features.
        roi_extractor: config of a RoI extractor of mmdet.
        hidden_channels: width of the first layer.
        embed_dims: D.
        appearance, geometry: what the embedding sees; one of them at least.
        loss: config of the loss of pairs.
        init_cfg: as for ``mmengine.BaseModule``.

    Raises:
        ValueError: the embedding would see nothing.
    """

    def __init__(
        self,
        in_channels: int,
        roi_extractor: ConfigType,
        hidden_channels: int = 256,
        embed_dims: int = 128,
        appearance: bool = True,
        geometry: bool = True,
        loss: ConfigType | None = None,
        init_cfg: ConfigType | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not (appearance or geometry):
            raise ValueError('an embedding needs appearance, geometry or both')
        self.appearance, self.geometry, self.embed_dims = appearance, geometry, embed_dims
        self.roi_extractor = MODELS.build(roi_extractor)
        self.loss_matching = MODELS.build(loss or dict(type='MarginContrastiveLoss'))
        inputs = in_channels * appearance + NUM_GEOMETRY * geometry
        self.embedding = nn.Sequential(
            nn.Linear(inputs, hidden_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, embed_dims, bias=False),  # a bias would change no distance
        )

    @property
    def match_limit(self) -> float:
        """Boxes match below this distance."""
        return self.loss_matching.margin / 2

    def embed(self, features: Sequence[Tensor], boxes: Tensor, view: DetDataSample) -> Tensor:
        """(n, D) embeddings of the boxes (n, 4) of one view.

        Args:
            features: levels (1, C, H_l, W_l) of the view.
            boxes: xyxy in network pixels.
            view: with the meta item ``landmarks``.
        """
        parts = []
        if self.appearance:
            levels = features[: self.roi_extractor.num_inputs]
            parts.append(self.roi_extractor(levels, bbox2roi([boxes])).mean(dim=(2, 3)))
        if self.geometry:
            parts.append(box_geometry(boxes, view))
        return self.embedding(torch.cat(parts, dim=1))

    def loss(
        self, embeddings: Sequence[Tensor], lesions: Sequence[Sequence[Lesion]], across_breasts: bool = True
    ) -> Tensor:
        """Loss of all pairs of boxes of two views of which is known whether they belong together.

        Args:
            embeddings: (n, D) of the boxes of CC and (m, D) of those of MLO.
            lesions: what each box of the two shows.
            across_breasts: count pairs of boxes of two breasts too.
        """
        first, second, matched = label_pairs(*lesions, across_breasts)
        cc, mlo = embeddings
        first, second = (torch.tensor(places, dtype=torch.long, device=cc.device) for places in (first, second))
        return self.loss_matching(cc[first], mlo[second], torch.tensor(matched, device=cc.device))

    def distances(self, cc: Tensor, mlo: Tensor) -> Tensor:
        """(n, m) distances of the embeddings of two views."""
        first = torch.arange(len(cc), device=cc.device).repeat_interleave(len(mlo))
        second = torch.arange(len(mlo), device=cc.device).repeat(len(cc))
        return pair_distances(cc[first], mlo[second]).reshape(len(cc), len(mlo))


def label_pairs(
    cc: Sequence[Lesion], mlo: Sequence[Lesion], across_breasts: bool = True
) -> tuple[list[int], list[int], list[float]]:
    """Positions in CC and MLO of the pairs that count, and whether each is one lesion (1) or not (0).

    A box without lesion belongs to nothing, and so do lesions of two breasts and two of one breast. Two lesions of one
    breast of which one has no id may be one: such pairs do not count.
    """
    pairs = []
    for (i, one), (j, other) in product(enumerate(cc), enumerate(mlo)):
        same_breast, both = one[0] == other[0], one[1] is not None and other[1] is not None
        if not (same_breast or across_breasts) or (same_breast and both and not (one[1] and other[1])):
            continue
        pairs.append((i, j, float(both and one == other)))
    first, second, matched = zip(*pairs) if pairs else ((), (), ())
    return list(first), list(second), list(matched)


def box_geometry(boxes: Tensor, view: DetDataSample) -> Tensor:
    """(n, 3) distances of boxes (n, 4) to nipple and chest wall and their sizes, in parts of the breast's extent.

    Raises:
        ValueError: the view has no landmarks.
    """
    if 'landmarks' not in view:
        raise ValueError(
            f'image {view.image_id} has no landmarks: put dict(type="LocateLandmarks") first into the pipeline'
        )
    to_stored = np.linalg.inv(np.asarray(view.homography_matrix, dtype=np.float64))
    stored = project_boxes(boxes.detach().double().cpu().numpy(), to_stored)
    rows_mm, columns_mm = view.get('spacing_mm') or (1.0, 1.0)  # parts of the extent need no unit
    pixel_mm = (columns_mm, rows_mm)
    middles, sides = (stored[:, :2] + stored[:, 2:]) / 2, (stored[:, 2:] - stored[:, :2]) * pixel_mm
    numbers = np.stack(
        [
            view.landmarks.to_nipple(middles, pixel_mm),
            view.landmarks.to_chest_wall(middles, pixel_mm),
            np.sqrt(sides.clip(0).prod(axis=1)),
        ],
        axis=1,
    )
    return torch.as_tensor(numbers / view.landmarks.depth(pixel_mm), dtype=boxes.dtype, device=boxes.device)
