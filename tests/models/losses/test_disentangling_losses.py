"""The losses of DisAsymNet against loops written from its equations."""

from __future__ import annotations

import pytest
import torch

from mammo_plugins.models.losses import guided_reconstruction_loss, pair_classification_loss, synthesis_loss
from tests.references import disasymnet as reference

NAN = float('nan')


@pytest.mark.parametrize(
    ('sides', 'pairs'),
    [
        ([[0, 1], [0, 0], [1, 1]], [1, 0, 1]),
        ([[0, NAN], [NAN, 1], [0, 0]], [NAN, 1, 0]),
        ([[NAN, NAN]] * 3, [NAN] * 3),
    ],
    ids=['known', 'partly', 'unknown'],
)
def test_classification(sides, pairs):
    side_logits, pair_logits = torch.randn(3, 2, requires_grad=True), torch.randn(3, requires_grad=True)
    found = pair_classification_loss(side_logits, pair_logits, torch.tensor(sides).float(), torch.tensor(pairs).float())
    expected = reference.classification(
        pair_logits.sigmoid().tolist(),
        pairs,
        side_logits.sigmoid().flatten().tolist(),
        [value for row in sides for value in row],
    )
    assert found.item() == pytest.approx(expected, rel=1e-5)
    found.backward()
    assert side_logits.grad.isfinite().all() and pair_logits.grad.isfinite().all()


def test_reconstruction_is_the_mean_over_known_sides():
    x, x_n, x_ab, masks = torch.rand(4, 2, 2, 5, 4, dtype=torch.float64)
    known = torch.tensor([[True, False], [True, True]])
    found = guided_reconstruction_loss(x, x_n, x_ab, masks, known)
    terms = [
        reference.reconstruction(*(image[pair, side].tolist() for image in (x, x_n, x_ab, masks)))
        for pair, side in ((0, 0), (1, 0), (1, 1))
    ]
    assert found.item() == pytest.approx(sum(terms) / 3)


def test_reconstruction_trains_images_and_never_masks():
    x, x_n, x_ab, masks = (torch.rand(1, 2, 5, 4, requires_grad=True) for _ in range(4))
    guided_reconstruction_loss(x, x_n, x_ab, masks, torch.ones(1, 2, dtype=torch.bool)).backward()
    assert masks.grad is None and x_n.grad.abs().max() > 0 and x_ab.grad.abs().max() > 0


def test_synthesis_is_l1_and_zero_without_synthetic_pairs():
    real, normal = torch.rand(2, 3, 2, 5, 4, dtype=torch.float64)
    expected = [reference.l1(real[i, side].tolist(), normal[i, side].tolist()) for i in range(3) for side in (0, 1)]
    assert synthesis_loss(real, normal).item() == pytest.approx(sum(expected) / 6)
    empty = torch.rand(0, 2, 5, 4, requires_grad=True)
    loss = synthesis_loss(real[:0], empty)
    loss.backward()
    assert loss.item() == 0 and empty.grad.shape == empty.shape
