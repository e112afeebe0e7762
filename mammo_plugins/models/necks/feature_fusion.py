"""Feature pyramids of several branches as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class FeatureFusion(BaseModule):
    """Joins feature pyramids along their channels, level by level.

    A branch whose pyramid is None counts as zeros, so that a head made for all of them can be asked what it makes of
    some.

    Source: SM/FFDM fusion (Sharma et al. 2024), section 4, stage III.

    Args:
        in_channels: of each branch's levels.
        num_groups: a branch's channels are so many features after one another, such as those of the class and of the
            box tower; each is joined with its counterparts.
        init_cfg: as for every module of mmengine.

    Raises:
        ValueError: channels that the groups do not divide.
    """

    def __init__(
        self, in_channels: Sequence[int], num_groups: int = 1, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if any(channels % num_groups for channels in in_channels):
            raise ValueError(f'in_channels {tuple(in_channels)} are no multiples of num_groups {num_groups}')
        self.in_channels, self.num_groups = tuple(in_channels), num_groups
        self.out_channels = sum(self.in_channels)

    def forward(self, pyramids: Sequence[Sequence[Tensor] | None]) -> tuple[Tensor, ...]:
        """Pyramids of levels (N, in_channels[b], H_l, W_l) to one of (N, sum of in_channels, H_l, W_l).

        Raises:
            ValueError: another number of pyramids than branches, or none that is not None.
        """
        if len(pyramids) != len(self.in_channels) or all(pyramid is None for pyramid in pyramids):
            raise ValueError(f'{len(self.in_channels)} pyramids are joined, one of them at least not None')
        num_levels = next(len(pyramid) for pyramid in pyramids if pyramid is not None)
        return tuple(self._join([pyramid and pyramid[level] for pyramid in pyramids]) for level in range(num_levels))

    def _join(self, maps: Sequence[Tensor | None]) -> Tensor:
        like = next(feature for feature in maps if feature is not None)
        size = like.shape[-2:]
        whole = [
            like.new_zeros(like.shape[0], channels, *size) if feature is None else feature
            for feature, channels in zip(maps, self.in_channels)
        ]
        grouped = [feature.unflatten(1, (self.num_groups, -1)) for feature in whole]
        return torch.cat(grouped, dim=2).flatten(1, 2)
