"""RoIAlign of boxes that all slices of a view share.

Which pixels a cell reads, and with which weights, depends on its box alone. They are worked out once a box, and hold
for every slice.

Glossary: N boxes of a view, n boxes of some views, S slices, D channels, k RoI size, g samples along a side of a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn
from torch.nn import functional as F

from .slice_features import SliceFeatures
from .slice_layout import SliceLayout


class SharedBoxPooling:
    """Pools the boxes of a view from all its slices; the same numbers as mmdet's extractor, slice by slice.

    Quicker than torchvision's RoIAlign on a CPU; a GPU has a kernel of its own, see :meth:`suits`. The pixels of all
    levels of views with equal slice count stand in one table, slice after slice, so that boxes are pooled from all
    slices in one operation. For prediction: gradients do not reach the features.

    Source: He et al. 2017, Mask R-CNN, section 3 (RoIAlign); Lin et al. 2017, FPN, Eq. 1, for the level of a box.

    Args:
        features: feature levels of a batch.
        layout: where its views and slices lie.
    """

    @torch.no_grad()
    def __init__(self, features: SliceFeatures, layout: SliceLayout) -> None:
        image_levels = [levels for piece in features.pieces for levels in zip(*piece)]
        firsts = [image_levels[layout.slice_images_of([view])[0]] for view in range(layout.num_views)]
        # Views may differ in size; all tensors here have a row a view and a column a level.
        self._level_sizes = torch.tensor([[level.shape[-2:] for level in levels] for levels in firsts])
        pixels = self._level_sizes.prod(dim=-1)
        self._level_starts = torch.empty_like(pixels)
        for group in layout.groups():
            in_table = pixels[group].flatten()
            self._level_starts[group] = (in_table.cumsum(dim=0) - in_table).view(len(group), -1)
        self._groups = [(group, _lay_out(image_levels, layout, group)) for group in layout.groups()]

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

    @torch.no_grad()
    def pool(self, extractor: SingleRoIExtractor, boxes: Tensor, views: Sequence[int]) -> PooledBoxes:
        """The boxes of some views, view after view; they are pooled as they are needed.

        Args:
            extractor: mmdet's RoI extractor; says size, samples, strides and which level a box is pooled from.
            boxes: (V, N, 4) xyxy in network pixels, of all views.
            views: those to pool, of equal slice count.
        """
        slices = next(slices for group, slices in self._groups if views[0] in group)
        flat = boxes[list(views)].flatten(0, 1).to(slices.dtype)
        index, weight = self._taps(extractor, flat, torch.tensor(views).repeat_interleave(boxes.shape[1]))
        return PooledBoxes(slices, index, weight, tuple(extractor.roi_layers[0].output_size))

    def _taps(self, extractor: SingleRoIExtractor, boxes: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels of a slice that each cell reads, and their weights: both (n, k * k, 4 g g).

        Args:
            boxes: (n, 4) xyxy in network pixels.
            views: (n,) view of each box.
        """
        levels = extractor.map_roi_levels(F.pad(boxes, (1, 0)), extractor.num_inputs)
        # A box turned inside out has no area, and so no level and no features.
        has_level = (levels >= 0) & (levels < extractor.num_inputs)
        levels = levels.where(has_level, 0)
        strides = boxes.new_tensor(extractor.featmap_strides)[levels]
        layer = extractor.roi_layers[0]
        index, weight = _taps_of_level(
            boxes / strides[:, None] - 0.5,
            self._level_sizes[views, levels],
            tuple(layer.output_size),
            layer.sampling_ratio,
        )
        index += self._level_starts[views, levels][:, None, None]
        weight *= has_level[:, None, None]
        return index, weight


class PooledBoxes:
    """RoI features of boxes, pooled a few boxes at a time: what follows finds them in the core's cache.

    Attributes:
        shape: (n, S, D, k, k).
        device: where they are.

    Args:
        slices: (S, pixels, D).
        index, weight: (n, k * k, taps) pixels of a slice that each cell reads, and their weights.
        size: (k, k).
    """

    def __init__(self, slices: Tensor, index: Tensor, weight: Tensor, size: tuple[int, int]) -> None:
        self._slices, self._index, self._weight = slices, index, weight
        self.shape = torch.Size((len(index), slices.shape[0], slices.shape[2], *size))
        self.device = index.device

    def tensor(self) -> Tensor:
        """All of them, (n, S, D, k, k) in float32 or better."""
        return next(self.split(max(1, self.shape[0])))

    @torch.no_grad()
    def split(self, size: int) -> Iterator[Tensor]:
        """Them by ``size`` boxes."""
        _, num_slices, channels, *cells = self.shape
        table = self._slices.flatten(0, 1)
        first_rows = torch.arange(0, len(table), self._slices.shape[1]).view(-1, 1, 1)
        for index, weight in zip(self._index.split(size), self._weight.split(size)):
            rows = (index[:, None] + first_rows).flatten(0, 2)
            weights = weight[:, None].expand(-1, num_slices, -1, -1).flatten(0, 2)
            sums = F.embedding_bag(rows, table, per_sample_weights=weights, mode='sum')
            # Channels last, as a dynamic convolution reads them.
            yield sums.view(len(index), num_slices, *cells, channels).permute(0, 1, 4, 2, 3)


def _lay_out(image_levels: Sequence[Sequence[Tensor]], layout: SliceLayout, views: Sequence[int]) -> Tensor:
    """Pixels of all levels of some views, slice by slice: (S, pixels, D) in float32 or better.

    Args:
        image_levels: for each slice image its levels, each (D, H_l, W_l).
        layout: where views and slices lie.
        views: of equal slice count.
    """
    images_of_slices = list(zip(*(layout.slice_images_of([view]) for view in views)))
    of_slices = [[level for image in images for level in image_levels[image]] for images in images_of_slices]
    pixels = [level[0].numel() for level in of_slices[0]]
    first = of_slices[0][0]
    number_type = torch.promote_types(first.dtype, torch.float32)
    slices = torch.empty(len(of_slices), sum(pixels), len(first), dtype=number_type)
    for rows, levels in zip(slices, of_slices):
        for part, level in zip(rows.split(pixels), levels):
            # In three dimensions, which PyTorch copies on all cores; a plain transposition runs on one.
            part.view(*level.shape[1:], -1).copy_(level.permute(1, 2, 0))
    return slices


def _taps_of_level(
    boxes: Tensor, level_sizes: Tensor, roi_size: tuple[int, int], samples: int
) -> tuple[Tensor, Tensor]:
    """Pixels of its level that each cell of a box reads, and their weights: both (n, k * k, 4 g g).

    Args:
        boxes: (n, 4) xyxy in pixels of a box's level, counted from the centre of the first.
        level_sizes: (n, 2) height and width of the level.
        roi_size: (k, k).
        samples: g.
    """
    (rows, row_weights), (columns, column_weights) = (
        _axis_taps(boxes[:, axis], boxes[:, axis + 2], level_sizes[:, 1 - axis], roi_size[1 - axis], samples)
        for axis in (1, 0)
    )
    widths = level_sizes[:, 1].view(-1, 1, 1, 1, 1)
    index = rows[:, :, None, :, None] * widths + columns[:, None, :, None, :]
    weight = row_weights[:, :, None, :, None] * column_weights[:, None, :, None, :]
    return index.flatten(3).flatten(1, 2), weight.flatten(3).flatten(1, 2)


def _axis_taps(low: Tensor, high: Tensor, lengths: Tensor, cells: int, samples: int) -> tuple[Tensor, Tensor]:
    """Along one axis, the two pixels beside each sample and their shares of the cell's mean: both (n, cells, 2 g)."""
    steps = (torch.arange(cells * samples, dtype=low.dtype) + 0.5) / (cells * samples)
    positions = (low[:, None] + (high - low)[:, None] * steps).nan_to_num(nan=-2.0)
    lengths = lengths[:, None].to(low.dtype)
    inside = (positions >= -1) & (positions <= lengths)
    clamped = positions.clamp(min=0).minimum(lengths - 1)
    before = clamped.floor()
    after = (before + 1).minimum(lengths - 1)
    share = clamped - before
    weights = torch.stack([1 - share, share], dim=-1) * inside[..., None] / samples
    pixels = torch.stack([before, after], dim=-1).long()
    return pixels.unflatten(1, (cells, samples)).flatten(2), weights.unflatten(1, (cells, samples)).flatten(2)
