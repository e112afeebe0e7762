"""From what the modules say of images and patches to saliency maps of whole images: S_g, S_l and S_c.

Glossary: B images of (H, W) pixels, C classes, K patches an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from ..layers.patch_selection import lay_patches
from .global_module import GlobalOutput
from .patch_aggregation import BagOutput

MAPS_FROM = ('combined', 'global', 'local')


class ImageOutput(NamedTuple):
    """What the modules say of images.

    Attributes:
        of_image: of the global module.
        origins: (B, K, 2) upper left pixels (row, column) of the patches; None without a local module.
        patch_maps: (B, K, C, height, width) A_k; None where there are none.
        of_patches: of the aggregation; None without a local module.
        fused: (B, C) y_f; None without a fusion module.
    """

    of_image: GlobalOutput
    origins: Tensor | None = None
    patch_maps: Tensor | None = None
    of_patches: BagOutput | None = None
    fused: Tensor | None = None


def whole_maps(
    found: ImageOutput, image_shape: Sequence[int], map_from: str, global_shares: Sequence[float], patch_height: int
) -> Tensor:
    """(B, C, h, w) maps of images, as fine as the finer of those of image and patches.

    Args:
        found: what the modules say.
        image_shape: (H, W) of the images.
        map_from: S_g (``global``), S_l (``local``) or S_c (``combined``), which is S_g where patches have no maps.
        global_shares: the part of S_g in S_c, one number or one a class.
        patch_height: of a patch in pixels.
    """
    of_image = found.of_image.saliency
    if found.patch_maps is None or map_from == 'global':
        return of_image
    cell = image_shape[0] // of_image.shape[-2]
    patch_cell = patch_height // found.patch_maps.shape[-2]
    finer = min(cell, patch_cell)
    shape = [side // finer for side in image_shape]
    laid = lay_patches(_enlarge(found.patch_maps, patch_cell // finer), found.origins // finer, shape)
    if map_from == 'local':
        return laid
    share = laid.new_tensor(global_shares)[:, None, None]
    return share * _enlarge(of_image, cell // finer) + (1 - share) * laid


def repeat_cells(maps: Tensor, image_height: int, cell: int | None) -> Tensor:
    """Maps (B, C, h, w) with cells of a side in pixels, where theirs are coarser.

    Args:
        maps: of images.
        image_height: H.
        cell: the side; None for maps as they are.

    Raises:
        ValueError: it does not divide theirs.
    """
    own = image_height // maps.shape[-2]
    if cell is None or own <= cell:
        return maps
    if own % cell:
        raise ValueError(f'map_cell={cell} does not divide the cells of the maps, which are {own} pixels')
    return _enlarge(maps, own // cell)


def _enlarge(maps: Tensor, times: int) -> Tensor:
    """Maps (..., h, w) with every cell repeated."""
    return maps if times == 1 else maps.repeat_interleave(times, dim=-2).repeat_interleave(times, dim=-1)
