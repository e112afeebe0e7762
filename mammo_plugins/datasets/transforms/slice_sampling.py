"""One slice of a volume for a 2-D detector to train on."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.slice_reach import slice_reach

from .random_view import RandomViewTransform
from .view_geometry import select_findings


@TRANSFORMS.register_module()
class SampleSlice(RandomViewTransform):
    """Keeps one slice of each view: near a finding where one is annotated, any otherwise.

    A finding reaches ``floor(sqrt((w + h) / 2))`` stored slices to either side of its annotated slice, with the width
    and height of its box in stored pixels. The slice is drawn within the reach of a random finding of the view; other
    findings that do not reach it are taken away. A malignant breast without boxes gets any slice, which may well show
    nothing: the noisy supervision of the baseline.

    Source: Buda et al., JAMA Network Open 2021, as taken up by M&M-3D, section 4.2 (*Buda*; *Buda** leaves unannotated
    malignant breasts out, see ``drop_unannotated`` of ``CaseFilter``).
    """

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, Any]:
        bins, annotated = view['slice_bins'], np.flatnonzero(view['gt_slices'] >= 0)
        if not len(annotated):
            return dict(stored_slice=int(rng.integers(bins.num_slices)))
        finding = rng.choice(annotated)
        reach = int(_reaches(view)[finding])
        drawn = int(view['gt_slices'][finding]) + int(rng.integers(-reach, reach + 1))
        return dict(stored_slice=min(max(drawn, 0), bins.num_slices - 1))

    def apply(self, view: dict[str, Any], stored_slice: int) -> None:
        index = view['slice_bins'].bin_of(stored_slice)
        view['img'] = view['img'][index : index + 1]
        shown = (view['gt_slices'] < 0) | (np.abs(view['gt_slices'] - stored_slice) <= _reaches(view))
        select_findings(view, shown)
        view['slice_bins'] = SliceBins(1, 1)
        view['gt_slices'] = np.zeros_like(view['gt_slices'])
        view['gt_slice_ranges'] = np.zeros_like(view['gt_slice_ranges'])


def _reaches(view: dict[str, Any]) -> np.ndarray:
    """(n,) slices that each finding of a view reaches to either side."""
    return slice_reach(np.asarray(view['gt_bboxes'], np.float64), view['homography_matrix'])
