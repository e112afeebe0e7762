"""RoIAlign of boxes that all slices of a view share.

Which pixels a cell reads, and with which weights, depends on its box alone. They are worked out once a box, and each
pixel that is read is read for all slices and channels together, which lie side by side.

Glossary: N boxes of a view, S slices, D channels, k RoI size, g samples along a side of a cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn
from torch.nn import functional as F

from .precision import at_least_float32
from .slice_features import SliceFeatures
from .slice_layout import SliceLayout


class SharedBoxPooling:
    """Pools the boxes of a view from all its slices; the same numbers as mmdet's extractor, slice by slice.

    Quicker than torchvision's RoIAlign on a CPU; a GPU has a kernel of its own, see :meth:`suits`.

    Source: He et al. 2017, Mask R-CNN, section 3 (RoIAlign); Lin et al. 2017, FPN, Eq. 1, for the level of a box.

    Args:
        features: feature levels of a batch.
        layout: where its views and slices lie.
    """

    def __init__(self, features: SliceFeatures, layout: SliceLayout) -> None:
        self._views = [_lay_out(features, layout, view) for view in range(layout.num_views)]

    @staticmethod
    def suits(features: SliceFeatures, extractor: nn.Module) -> bool:
        """Whether this way of pooling gives what an extractor gives, and pays: in prediction on a CPU."""
        if torch.is_grad_enabled():
            return False  # see docs/decisions.md
        if type(extractor) is not SingleRoIExtractor or features.pieces[0][0].device.type != 'cpu':
            return False
        return all(
            layer.pool_mode == 'avg' and layer.aligned and layer.sampling_ratio > 0 for layer in extractor.roi_layers
        )

    def pool(self, extractor: SingleRoIExtractor, boxes: Tensor, views: Sequence[int]) -> Tensor:
        """RoI features (len(views) * N, S, D, k, k) in float32 or better.

        Args:
            extractor: mmdet's RoI extractor; says size, samples, strides and which level a box is pooled from.
            boxes: (V, N, 4) xyxy in network pixels, of all views.
            views: those to pool, of equal slice count.
        """
        # Joined as they lie in memory: turned around first, every number would be moved twice.
        pooled = torch.cat([self._pool_view(extractor, boxes[view], view) for view in views])
        return pooled.permute(0, 2, 3, 1).unflatten(-1, tuple(extractor.roi_layers[0].output_size))

    def _pool_view(self, extractor: SingleRoIExtractor, boxes: Tensor, view: int) -> Tensor:
        """(N, k * k, S, D) of one view's boxes (N, 4)."""
        rois = torch.cat([boxes.new_zeros(len(boxes), 1), boxes], dim=1)
        level_of_box = extractor.map_roi_levels(rois, len(extractor.featmap_strides))
        chosen = [torch.nonzero(level_of_box == level).flatten() for level in range(len(extractor.featmap_strides))]
        pieces = []
        for levels in self._views[view]:
            pooled = [
                _pool_level(level, boxes[own], layer, stride)
                for level, own, layer, stride in zip(levels, chosen, extractor.roi_layers, extractor.featmap_strides)
            ]
            # A box turned inside out has no area, and so no level and no features.
            empty = pooled[0].new_zeros(len(boxes), *pooled[0].shape[1:])
            pieces.append(empty.index_copy(0, torch.cat(chosen), torch.cat(pooled)))
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=2)


class _Level:
    """A feature level of some slices of a view.

    Attributes:
        pixels: (H * W, S * D) float32 or better, a row a pixel.
        size: (H, W).
        channels: D.
    """

    def __init__(self, features: Tensor) -> None:
        self.size, self.channels = features.shape[-2:], features.shape[1]
        self.pixels = at_least_float32(features).permute(2, 3, 0, 1).flatten(2).flatten(0, 1).contiguous()


def _lay_out(features: SliceFeatures, layout: SliceLayout, view: int) -> list[list[_Level]]:
    """Levels of a view, for each piece of the batch that holds slices of it."""
    images = layout.slice_images_of([view])
    pieces, start = [], 0
    for levels in features.pieces:
        end = start + len(levels[0])
        first, last = max(images[0], start), min(images[-1] + 1, end)
        if first < last:
            pieces.append([_Level(level[first - start : last - start]) for level in levels])
        start = end
    return pieces


def _pool_level(level: _Level, boxes: Tensor, layer: nn.Module, stride: int) -> Tensor:
    """(n, k * k, S, D) of n boxes."""
    size, samples = tuple(layer.output_size), layer.sampling_ratio
    if not len(boxes):
        # Part of the graph all the same: every process of a distributed run must find a gradient for every level.
        return (level.pixels[:1] * 0).view(1, 1, -1, level.channels).expand(-1, size[0] * size[1], -1, -1)[:0]
    index, weight = _taps(boxes.detach().to(level.pixels.dtype) / stride - 0.5, level.size, size, samples)
    pooled = F.embedding_bag(index, level.pixels, per_sample_weights=weight, mode='sum')
    return pooled.view(len(boxes), size[0] * size[1], -1, level.channels)


def _taps(boxes: Tensor, level_size: tuple[int, int], roi_size: tuple[int, int], samples: int) -> tuple[Tensor, Tensor]:
    """Pixels that each cell reads, and their weights: both (n * k * k, 4 g g).

    Args:
        boxes: (n, 4) xyxy in pixels of the level, counted from the centre of the first.
        level_size: (H, W).
        roi_size: (k, k).
        samples: g.
    """
    (rows, row_weights), (columns, column_weights) = (
        _axis_taps(boxes[:, axis], boxes[:, axis + 2], level_size[1 - axis], roi_size[1 - axis], samples)
        for axis in (1, 0)
    )
    index = rows[:, :, None, :, None] * level_size[1] + columns[:, None, :, None, :]
    weight = row_weights[:, :, None, :, None] * column_weights[:, None, :, None, :]
    return index.flatten(0, 2).flatten(1), weight.flatten(0, 2).flatten(1)


def _axis_taps(low: Tensor, high: Tensor, length: int, cells: int, samples: int) -> tuple[Tensor, Tensor]:
    """Along one axis, the two pixels beside each sample and their shares of the cell's mean: both (n, cells, 2 g)."""
    steps = (torch.arange(cells * samples, dtype=low.dtype, device=low.device) + 0.5) / (cells * samples)
    positions = (low[:, None] + (high - low)[:, None] * steps).nan_to_num(nan=-2.0)
    inside = (positions >= -1) & (positions <= length)
    clamped = positions.clamp(0, length - 1)
    before = clamped.floor()
    after = (before + 1).clamp(max=length - 1)
    share = clamped - before
    weights = torch.stack([1 - share, share], dim=-1) * inside[..., None] / samples
    pixels = torch.stack([before, after], dim=-1).long()
    return pixels.unflatten(1, (cells, samples)).flatten(2), weights.unflatten(1, (cells, samples)).flatten(2)
