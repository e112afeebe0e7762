"""Which pairs of samples a scheme of contrastive pretraining pulls together, pushes apart, or ignores.

A sample is a copy of an image: augmented, and in some style. Styles decide nothing here, since any two styles of an
image are a positive pair, and views are compared in any styles.

Glossary: N samples of the global batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class SampleKeys(NamedTuple):
    """What a sample shows; equal numbers mean the same patient, breast and so on.

    Attributes:
        patient: (N,) int64.
        breast: (N,) int64, of one side of one patient.
        projection: (N,) int64, such as CC.
        image: (N,) int64; copies of an image share it, also where a batch holds the image twice.
    """

    patient: Tensor
    breast: Tensor
    projection: Tensor
    image: Tensor


class Pairs(NamedTuple):
    """Two disjoint (N, N) bool masks, of rows against columns; a pair that is in neither is ignored."""

    positives: Tensor
    negatives: Tensor


def simclr_pairs(keys: SampleKeys) -> Pairs:
    """Positive: copies of one image. Negative: all other images, those of the same patient too.

    Source: Chen et al. 2020; MSVCL v2, equation 1. Of MSCL, version 1, the pairs are the same, and the styles differ.
    """
    same = _same(keys.image)
    return Pairs(same & _not_itself(keys), ~same)


def mscl_pairs(keys: SampleKeys) -> Pairs:
    """Positive: copies of one image. Negative: the same projection of other patients. Ignored: the rest.

    Source: MSVCL v2, section III.B.1.
    """
    same_projection = _same(keys.projection)
    return Pairs(_same(keys.image) & _not_itself(keys), same_projection & ~_same(keys.patient))


def mvcl_pairs(keys: SampleKeys) -> Pairs:
    """Positive: another projection of the breast. Negative: another projection of other patients. Ignored: the rest.

    Source: MSVCL v2, section III.B.2.
    """
    other_projection = ~_same(keys.projection)
    return Pairs(_same(keys.breast) & other_projection, other_projection & ~_same(keys.patient))


def mvcl_v1_pairs(keys: SampleKeys) -> Pairs:
    """Positive: another projection of the breast. Negative: all that is no positive and no copy of the image.

    Source: MSVCL (Li et al. 2021), as MSVCL v2 tells what it changes.
    """
    positives = mvcl_pairs(keys).positives
    return Pairs(positives, ~positives & ~_same(keys.image))


def _mscl_within_msvcl_v1(keys: SampleKeys) -> Pairs:
    """As SimCLR, without pushing apart what the other half pulls together."""
    pairs = simclr_pairs(keys)
    return Pairs(pairs.positives, pairs.negatives & ~mvcl_pairs(keys).positives)


SCHEMES: dict[str, dict[str, Callable[[SampleKeys], Pairs]]] = {
    'simclr': dict(image=simclr_pairs),
    'mscl': dict(style=simclr_pairs),
    'mvcl': dict(view=mvcl_v1_pairs),
    'msvcl': dict(style=_mscl_within_msvcl_v1, view=mvcl_v1_pairs),
    'mscl_v2': dict(style=mscl_pairs),
    'mvcl_v2': dict(view=mvcl_pairs),
    'msvcl_v2': dict(style=mscl_pairs, view=mvcl_pairs),
}
"""Pair rules of each scheme, by what their loss is called; the losses add up."""


def _same(numbers: Tensor) -> Tensor:
    return numbers[:, None] == numbers[None]


def _not_itself(keys: SampleKeys) -> Tensor:
    return ~torch.eye(len(keys.image), dtype=torch.bool, device=keys.image.device)
