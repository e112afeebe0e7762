"""Which patches of an image are looked at closely, by a coarse saliency map; cutting them out and laying them back.

Glossary: B images of (H, W) pixels, C classes, maps of (h, w) cells, K patches an image, each with an origin (row,
column), its upper left pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn


class PatchSelection(nn.Module):
    """What all selections share: patches begin at cells of the map.

    Args:
        patch_size: height and width of a patch in pixels.

    Raises:
        ValueError: a side is not positive.
    """

    def __init__(self, patch_size: Sequence[int] = (512, 512)) -> None:
        super().__init__()
        height, width = patch_size
        if height < 1 or width < 1:
            raise ValueError(f'patch_size is (height, width) in pixels, got {patch_size}')
        self.patch_size = (int(height), int(width))

    def window_cells(self, map_shape: Sequence[int], image_shape: Sequence[int]) -> tuple[int, int]:
        """Height and width of a patch in cells of a map.

        Raises:
            ValueError: cells do not divide the image or the patch, or the patch is larger than the image.
        """
        cells = []
        for patch, positions, pixels in zip(self.patch_size, map_shape, image_shape, strict=True):
            cell = pixels // positions
            if cell * positions != pixels or patch % cell or patch > pixels:
                raise ValueError(
                    f'patches of {self.patch_size} pixels do not fit an image of {tuple(image_shape)} with a map of '
                    f'{tuple(map_shape)}: sides must be multiples of a cell, and patches lie inside the image'
                )
            cells.append(patch // cell)
        return cells[0], cells[1]


@MODELS.register_module()
class GreedyPatchSelection(PatchSelection):
    """The patches whose windows on the map hold most saliency, one after the other.

    Each class is brought to [0, 1] by its own minimum and maximum (0 everywhere where it is constant), and classes are
    added. The window with the largest sum is taken and its cells are set to 0, K times. Sums are those of an integral
    image in double precision, for all positions and images at once.

    Ties: of the windows within ``tie_tolerance`` of the largest sum, in parts of the largest sum of the whole map
    before any window was taken, the first in row-major order is taken.

    Source: GLAM (Liu et al. 2021), algorithm 1; GMIC (Shen et al. 2021).

    Args:
        patch_size: see :class:`PatchSelection`.
        eps: smallest range of a map that is divided by.
        tie_tolerance: see above.
    """

    def __init__(self, patch_size: Sequence[int] = (512, 512), eps: float = 1e-12, tie_tolerance: float = 1e-6) -> None:
        super().__init__(patch_size)
        self.eps, self.tie_tolerance = eps, tie_tolerance

    @torch.no_grad()
    def forward(self, saliency: Tensor, image_shape: Sequence[int], num_patches: int) -> Tensor:
        """(B, K, 2) origins in pixels, in the order of their selection.

        Args:
            saliency: (B, C, h, w).
            image_shape: (H, W).
            num_patches: K.

        Raises:
            ValueError: see :meth:`PatchSelection.window_cells`.
        """
        window = self.window_cells(saliency.shape[-2:], image_shape)
        remaining = self._add_classes(saliency.double())
        rows, columns = (torch.arange(length, device=saliency.device) for length in remaining.shape[-2:])
        origins, tolerance = [], None
        for _ in range(num_patches):
            sums = sum_windows(remaining, window)
            best = sums.amax(dim=(1, 2), keepdim=True)
            tolerance = self.tie_tolerance * best if tolerance is None else tolerance
            top, left = first_true(sums >= best - tolerance)
            origins.append(torch.stack([top, left], dim=-1))
            is_inside = _within(rows, top, window[0])[:, :, None] & _within(columns, left, window[1])[:, None, :]
            remaining = remaining.masked_fill(is_inside, 0.0)
        cell = torch.tensor([image_shape[0] // len(rows), image_shape[1] // len(columns)], device=saliency.device)
        return torch.stack(origins, dim=1) * cell

    def _add_classes(self, saliency: Tensor) -> Tensor:
        """(B, h, w) sum of the classes, each between 0 and 1."""
        low, high = saliency.amin(dim=(-2, -1), keepdim=True), saliency.amax(dim=(-2, -1), keepdim=True)
        return ((saliency - low) / (high - low).clamp(min=self.eps)).sum(dim=1)


@MODELS.register_module()
class RandomPatchSelection(PatchSelection):
    """Patches anywhere in the image, each place as likely as any other, whatever the map says.

    Source: GLAM (Liu et al. 2021), section 3.3, step 2: examples without lesions.

    Args:
        patch_size: see :class:`PatchSelection`.
    """

    @torch.no_grad()
    def forward(self, saliency: Tensor, image_shape: Sequence[int], num_patches: int) -> Tensor:
        """(B, K, 2) origins in pixels; arguments and errors as for :class:`GreedyPatchSelection`."""
        window = self.window_cells(saliency.shape[-2:], image_shape)
        drawn = []
        for positions, length, pixels in zip(saliency.shape[-2:], window, image_shape):
            cells = torch.randint(positions - length + 1, (len(saliency), num_patches), device=saliency.device)
            drawn.append(cells * (pixels // positions))
        return torch.stack(drawn, dim=-1)


def sum_windows(values: Tensor, window: tuple[int, int]) -> Tensor:
    """(B, h - window[0] + 1, w - window[1] + 1) sums of ``values`` (B, h, w) over windows at every position."""
    height, width = window
    integral = nn.functional.pad(values.cumsum(dim=-2).cumsum(dim=-1), (1, 0, 1, 0))
    strips = integral[:, height:] - integral[:, :-height]
    return strips[..., width:] - strips[..., :-width]


def first_true(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns (B,) of the first true place of each mask (B, h, w) in row-major order."""
    places = torch.arange(mask[0].numel(), device=mask.device)
    first = torch.where(mask.flatten(1), places, places[-1]).amin(dim=1)
    return first // mask.shape[-1], first % mask.shape[-1]


def cut_patches(images: Tensor, origins: Tensor, patch_size: Sequence[int]) -> Tensor:
    """(B, K, channels, height, width) patches of images (B, channels, H, W) at origins (B, K, 2)."""
    rows, columns = _patch_places(origins, patch_size)
    batch = torch.arange(len(images), device=images.device)[:, None, None, None]
    return images.movedim(1, -1)[batch, rows[..., :, None], columns[..., None, :]].movedim(-1, 2)


def lay_patches(maps: Tensor, origins: Tensor, shape: Sequence[int]) -> Tensor:
    """(B, C, h, w) maps of whole images from those of patches: 0 elsewhere, later patches over earlier ones.

    Args:
        maps: (B, K, C, height, width).
        origins: (B, K, 2) in the pixels of the maps.
        shape: (h, w).
    """
    whole = maps.new_zeros(len(maps), *shape, maps.shape[2])
    rows, columns = _patch_places(origins, maps.shape[-2:])
    batch = torch.arange(len(maps), device=maps.device)[:, None, None]
    for index in range(maps.shape[1]):
        whole[batch, rows[:, index, :, None], columns[:, index, None, :]] = maps[:, index].movedim(1, -1)
    return whole.movedim(-1, 1)


def _patch_places(origins: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Rows (B, K, height) and columns (B, K, width) of patches."""
    steps = [torch.arange(length, device=origins.device) for length in size]
    return origins[..., 0, None] + steps[0], origins[..., 1, None] + steps[1]


def _within(places: Tensor, start: Tensor, length: int) -> Tensor:
    """(B, n) whether places (n,) lie in [start, start + length) for each start (B,)."""
    return (places >= start[:, None]) & (places < start[:, None] + length)
