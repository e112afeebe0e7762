"""What a module declares as its initialisation is there after `init_weights`, which a runner calls."""

from __future__ import annotations

import inspect

import pytest
import torch
from mmdet.registry import MODELS

from mammo_plugins.models.slice_fusion.base import SliceFusion
from tests.models.small_models import HIDDEN, NUM_PROPOSALS, build, detector_config

FUSIONS = {
    'MalignancyWeightedFusion': {},
    'MaxFusion': {},
    'MeanFusion': {},
    'QuerySummaryFusion': dict(num_proposals=NUM_PROPOSALS, embed_dims=HIDDEN, num_heads=2),
    'MLPRegressFusion': dict(num_slices=3, embed_dims=HIDDEN),
    'RoIAttentionFusion': dict(embed_dims=HIDDEN, num_heads=2),
}


def initialised(fusion: str) -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    """A detector after `init_weights`, and the parameters that it was built with."""
    config = detector_config()
    config.roi_head.bbox_head.slice_fusion = dict(type=fusion, **FUSIONS[fusion])
    detector = build(config)
    built = {name: value.clone() for name, value in detector.named_parameters()}
    detector.init_weights()
    return detector, built


def test_every_registered_fusion_is_checked_here():
    registered = {
        name
        for name, kind in MODELS.module_dict.items()
        if inspect.isclass(kind) and issubclass(kind, SliceFusion) and kind.__module__.startswith('mammo_plugins.')
    }
    assert registered == set(FUSIONS)


@pytest.mark.parametrize('fusion', FUSIONS)
def test_a_fusion_keeps_its_own_initialisation(fusion):
    detector, built = initialised(fusion)
    for name, value in detector.named_parameters():
        if '.slice_fusion.' in name:
            assert torch.equal(value, built[name]), name


def test_queries_have_the_declared_spread():
    detector, _ = initialised('QuerySummaryFusion')
    queries = torch.cat([head.slice_fusion.queries for head in detector.roi_head.bbox_head])
    assert float(queries.detach().std()) == pytest.approx(0.02, rel=0.25)


def test_the_rest_of_the_head_is_initialised_as_in_mmdet():
    detector, built = initialised('QuerySummaryFusion')
    for head in detector.roi_head.bbox_head:
        assert torch.equal(head.fc_cls.bias, torch.full_like(head.fc_cls.bias, -4.59511985013459))
        bound = (6 / (2 * HIDDEN)) ** 0.5  # Xavier's, of a square matrix
        out = head.attention.attn.out_proj.weight
        assert 0.9 * bound < float(out.detach().abs().max()) <= bound
