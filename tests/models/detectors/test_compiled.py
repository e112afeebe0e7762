"""Backbone and neck may be compiled; see docs/decisions.md for what that gains.

The backend ``aot_eager`` traces the graph and its gradients as every other one does, and needs no C++ compiler.
"""

import pytest
import torch

from tests.models.small_cases import LESION, NEGATIVE, SAME_LESION, make_batch, make_volumes
from tests.models.small_models import build_detector

BREASTS = [[LESION, SAME_LESION], [NEGATIVE, NEGATIVE]]


@pytest.fixture(autouse=True)
def _no_graphs_of_other_tests():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def losses_and_gradients(detector, volumes):
    losses = detector(**make_batch(detector, BREASTS, volumes), mode='loss')
    detector.zero_grad()
    detector.parse_losses(losses)[0].backward()
    return losses, {name: parameter.grad for name, parameter in detector.named_parameters()}


def test_compiled_backbone_and_neck_are_one_graph_and_train_alike():
    detector, volumes = build_detector(), make_volumes(BREASTS)
    expected = losses_and_gradients(detector, volumes)
    detector.extract_feat = torch.compile(detector.extract_feat, backend='aot_eager', fullgraph=True)
    torch.testing.assert_close(losses_and_gradients(detector, volumes), expected, rtol=1e-4, atol=1e-5)
