"""Slow, literal reference of M&M, the 2-D detector: no slice, no fusion (Eqs. 3 and 4 of the M&M-3D paper)."""

from __future__ import annotations

import torch

from tests.references.mm3d_algorithm import MM3DReference, ReferenceHeadOutput, ReferenceView


class MNM2DReference(MM3DReference):
    """M&M on 2-D images: each view's pyramid holds one image."""

    def refine_view(self, i: int, view: ReferenceView, b: torch.Tensor, h_tilde: torch.Tensor) -> ReferenceHeadOutput:
        """DynamicConv on the image's RoI features gives the next proposal features directly (Eq. 4)."""
        (only_image,) = range(view.pyramid[0].shape[0])
        h = self.dynamic_conv(i, h_tilde, self.roi_align(view, only_image, b))
        logits = self.classify(i, h)
        no_choice = torch.ones(1, len(h), dtype=h.dtype)
        return ReferenceHeadOutput(self.regress(i, h, b), logits, logits[None, :, self.malignant_class], no_choice, h)
