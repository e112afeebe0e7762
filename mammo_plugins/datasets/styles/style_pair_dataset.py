"""Images of two vendors side by side, which are no pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from torch.utils.data import Dataset

from ..case_dataset import CaseDataset
from ..case_draw import CaseDraw
from .style_folder import check_style


@DATASETS.register_module()
class StylePairDataset(Dataset):
    """An image of one style, in turn, beside a random one of another style.

    The data are those of two :class:`~mammo_plugins.datasets.case_dataset.CaseDataset` that differ in the manufacturers
    whose images they take. A draw of ``BalancedCaseSampler(positive_fraction=None)`` decides about both images,
    whatever worker or process makes it.

    Args:
        first, second: ``style``, its name, and ``manufacturers``, as the annotation file writes them, whose style it
            is.
        filter_cfg: see ``CaseDataset``; without ``manufacturers``.
        **settings: further arguments of both ``CaseDataset``; ``group_by`` is ``image``.

    Raises:
        ValueError: a style has no name, no manufacturer or no images, or the two share something.
    """

    def __init__(
        self,
        first: Mapping[str, Any],
        second: Mapping[str, Any],
        filter_cfg: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.styles: dict[str, Sequence[str]] = dict(check_style(**style) for style in (first, second))
        makers = [maker for makers in self.styles.values() for maker in makers]
        if len(self.styles) < 2 or len(set(makers)) < len(makers):
            raise ValueError(f'first and second must be two styles of different manufacturers, got {first}, {second}')
        self.datasets = [
            CaseDataset(
                **{**settings, 'group_by': 'image', 'filter_cfg': {**(filter_cfg or {}), 'manufacturers': makers}}
            )
            for makers in self.styles.values()
        ]
        self.metainfo = dict(self.datasets[0].metainfo)

    def __len__(self) -> int:
        """Images of the style that has more."""
        return max(map(len, self.datasets))

    def __getitem__(self, index: int | CaseDraw) -> dict[str, list]:
        """Packed ``inputs`` and ``data_samples`` of both images, the first style's first.

        Raises:
            ImageLoadingError: an image cannot be loaded.
        """
        draw = index if isinstance(index, CaseDraw) else CaseDraw(int(index), int(np.random.randint(2**31)), 0)
        first, second = self.datasets
        rng = draw.make_rng()
        other = CaseDraw(int(rng.integers(len(second))), int(rng.integers(2**31)), draw.position)
        packed = [first.prepare_data(draw._replace(index=draw.index % len(first))), second.prepare_data(other)]
        return {key: [item for case in packed for item in case[key]] for key in ('inputs', 'data_samples')}

    def get_data_info(self, index: int) -> dict[str, Any]:
        """``views`` of an image of each style, not loaded yet; all indices together lead to every image once."""
        return dict(
            views=[v for data in self.datasets if index < len(data) for v in data.get_data_info(index)['views']]
        )

    def load_view(self, view: dict[str, Any]) -> dict[str, Any]:
        """A view with its image.

        Raises:
            ImageLoadingError: it cannot be loaded.
        """
        return self.datasets[0].load_view(view)
