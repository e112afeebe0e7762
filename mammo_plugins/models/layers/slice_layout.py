"""How the slices and views of a batch lie in its one tensor of slice images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from mammo_plugins.structures.case_sample import MammoCaseSample


@dataclass(frozen=True)
class SliceLayout:
    """Where each view's slices lie in a batch whose slice images are stacked without padding.

    A batch of breasts is flattened to V views, and its views to ``sum(slice_counts)`` slice images. Views may differ in
    their number of slices, so an FFDM (one slice) and a tomosynthesis volume can share a batch.

    Args:
        slice_counts: slices of each view, V entries.
        partners: for each view the index of the other view of the same breast, or -1 where there is none.
    """

    slice_counts: tuple[int, ...]
    partners: tuple[int, ...]

    @classmethod
    def from_cases(cls, cases: Sequence[MammoCaseSample]) -> SliceLayout:
        """Reads the layout off a batch; view v of the layout is the v-th view when the cases are read in turn."""
        slice_counts: list[int] = []
        partners: list[int] = []
        for case in cases:
            if len(case.views) > 2:
                raise ValueError(
                    f'case {case.get("case_id")} has {len(case.views)} views, and views attend to at most one other: '
                    'group the data set by image, breast, modalities or bilateral'
                )
            start = len(slice_counts)
            slice_counts.extend(view.num_slices for view in case.views)
            partners.extend([start + 1, start] if len(case.views) == 2 else [-1])
        return cls(tuple(slice_counts), tuple(partners))

    @property
    def num_views(self) -> int:
        return len(self.slice_counts)

    @property
    def num_slice_images(self) -> int:
        return sum(self.slice_counts)

    def groups(self) -> list[list[int]]:
        """View indices grouped by equal slice count, so that each group is one dense tensor."""
        by_count: dict[int, list[int]] = {}
        for view, count in enumerate(self.slice_counts):
            by_count.setdefault(count, []).append(view)
        return list(by_count.values())

    def slice_images_of(self, views: Sequence[int]) -> list[int]:
        """Indices of the slice images of some views, view by view."""
        starts = (0, *accumulate(self.slice_counts))
        return [starts[view] + s for view in views for s in range(self.slice_counts[view])]

    def rois(self, boxes: Tensor, views: Sequence[int]) -> Tensor:
        """The boxes of some views, repeated for each of their slices.

        Args:
            boxes: (V, N, 4) xyxy boxes of all views.
            views: views of one group (equal slice count S).

        Returns:
            (len(views) * S * N, 5) rows of slice image index and box, ordered by view, slice, proposal.
        """
        num_slices = self.slice_counts[views[0]]
        num_proposals = boxes.shape[1]
        images = torch.tensor(self.slice_images_of(views), dtype=boxes.dtype, device=boxes.device)
        repeated = boxes[list(views)].repeat_interleave(num_slices, dim=0).reshape(-1, 4)
        return torch.cat([images.repeat_interleave(num_proposals)[:, None], repeated], dim=1)
