"""RoIAlign of boxes that all slices of a view share.

Which pixels a cell reads, and with which weights, depends on its box alone. They are worked out once a box, and hold
for every slice.

Glossary: V views of N boxes, n boxes of any views, S slices, D channels, k RoI size, g samples along a side of a cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from mmcv.ops import RoIAlign
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn
from torch.nn import functional as F

from .slice_layout import SliceLayout


class SharedBoxPooling:
    """Pools the boxes of a view from all its slices; the same numbers as mmdet's extractor, slice by slice.

    Quicker than torchvision's RoIAlign on a CPU; a GPU has a kernel of its own, see :meth:`suits`. The pixels of all
    levels of a slice stand in one table, from which all boxes of its view are pooled in one operation. For prediction:
    gradients do not reach the features.

    Source: He et al. 2017, Mask R-CNN, section 3 (RoIAlign); Lin et al. 2017, FPN, Eq. 1, for the level of a box.

    Args:
        pieces: feature levels of a batch, each (slice images of the piece, D, H_l, W_l), piece after piece. They are
            laid out as they come, and not kept.
        layout: where views and slices lie.
    """

    @torch.no_grad()
    def __init__(self, pieces: Iterable[Sequence[Tensor]], layout: SliceLayout) -> None:
        self._layout = layout
        self._slices: list[Tensor] = []
        level_sizes = []
        for levels in pieces:
            self._slices.extend(_lay_out(image_levels) for image_levels in zip(*levels))
            level_sizes.extend([[level.shape[-2:] for level in levels]] * len(levels[0]))
            del levels  # before the next piece is computed
        firsts = [layout.slice_images_of([view])[0] for view in range(layout.num_views)]
        # Views may differ in size; both have a row a view and a column a level.
        self._level_sizes = torch.tensor([level_sizes[first] for first in firsts])
        pixels = self._level_sizes.prod(dim=-1)
        self._level_starts = pixels.cumsum(dim=-1) - pixels

    @staticmethod
    def suits(extractor: nn.Module, device: torch.device) -> bool:
        """Whether this way of pooling gives what an extractor gives, and pays: in prediction on a CPU."""
        if torch.is_grad_enabled():
            return False  # see docs/decisions.md
        if type(extractor) is not SingleRoIExtractor or device.type != 'cpu':
            return False
        return all(
            isinstance(layer, RoIAlign) and layer.pool_mode == 'avg' and layer.aligned and layer.sampling_ratio > 0
            for layer in extractor.roi_layers
        )

    def pool(self, extractor: SingleRoIExtractor, boxes: Tensor, views: Sequence[int]) -> PooledBoxes:
        """The boxes of some views, view after view; they are pooled as they are needed.

        Args:
            extractor: mmdet's RoI extractor; says size, samples, strides and which level a box is pooled from.
            boxes: (V, N, 4) xyxy in network pixels, of all views.
            views: those to pool, of equal slice count.

        Raises:
            RuntimeError: gradients are wanted, which would not reach the features.
        """
        if torch.is_grad_enabled():
            raise RuntimeError('features that were held without gradients cannot be trained on: hold them again')
        slices = [[self._slices[image] for image in self._layout.slice_images_of([view])] for view in views]
        flat = boxes[list(views)].flatten(0, 1).to(slices[0][0].dtype)
        index, weight = self._taps(extractor, flat, torch.tensor(views).repeat_interleave(boxes.shape[1]))
        of_views = (len(views), boxes.shape[1])
        size = tuple(extractor.roi_layers[0].output_size)
        return PooledBoxes(slices, index.unflatten(0, of_views), weight.unflatten(0, of_views), size)

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
    """RoI features of boxes, pooled as they are needed: what follows finds them in the core's cache.

    Attributes:
        shape: (V * N, S, D, k, k).
        device: where they are.

    Args:
        slices: for each of V views its S slices, each (pixels, D).
        index, weight: (V, N, k * k, taps) pixels of a slice that each cell reads, and their weights.
        size: (k, k).
    """

    def __init__(
        self, slices: Sequence[Sequence[Tensor]], index: Tensor, weight: Tensor, size: tuple[int, int]
    ) -> None:
        self._slices, self._index, self._weight = slices, index, weight
        self.shape = torch.Size((index.shape[0] * index.shape[1], len(slices[0]), slices[0][0].shape[1], *size))
        self.device = index.device

    def tensor(self) -> Tensor:
        """All of them, (V * N, S, D, k, k) in float32 or better."""
        num_boxes, num_slices, channels, *size = self.shape
        pooled = self._slices[0][0].new_empty(num_boxes, num_slices, size[0] * size[1], channels)
        for boxes, cells_of_slices in self.by_slice(num_boxes):
            for index, cells in enumerate(cells_of_slices):
                pooled[boxes, index] = cells
        return pooled.transpose(2, 3).unflatten(3, size)

    def by_slice(self, at_once: int) -> Iterator[tuple[Tensor, Iterator[Tensor]]]:
        """Boxes of a view that lie near each other, and their cells on one slice after the other.

        Neighbours read the same pixels, which are then still in the cache.

        Args:
            at_once: so many boxes at most.

        Yields:
            the (n,) positions of the boxes, and an iterator over S tensors (n, k * k, D).
        """
        for view, (slices, index, weight) in enumerate(zip(self._slices, self._index, self._weight)):
            by_first_pixel = index[:, 0, 0].argsort(stable=True)
            for boxes in by_first_pixel.split(max(1, at_once)):
                yield view * len(index) + boxes, _pool(slices, index[boxes], weight[boxes])


@torch.no_grad()
def _pool(slices: Sequence[Tensor], index: Tensor, weight: Tensor) -> Iterator[Tensor]:
    """Cells of some boxes on each slice, (n, k * k, D); for the arguments see :class:`PooledBoxes`."""
    rows, weights = index.flatten(0, 1), weight.flatten(0, 1)
    for pixels in slices:
        yield F.embedding_bag(rows, pixels, per_sample_weights=weights, mode='sum').unflatten(0, index.shape[:2])


def _lay_out(levels: Sequence[Tensor]) -> Tensor:
    """All levels of a slice image, each (D, H_l, W_l), as one table (pixels, D) in float32 or better."""
    pixels = [level[0].numel() for level in levels]
    number_type = torch.promote_types(levels[0].dtype, torch.float32)
    table = torch.empty(sum(pixels), len(levels[0]), dtype=number_type)
    for rows, level in zip(table.split(pixels), levels):
        # In three dimensions, which PyTorch copies on all cores; a plain transposition runs on one.
        rows.view(*level.shape[1:], -1).copy_(level.permute(1, 2, 0))
    return table


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
