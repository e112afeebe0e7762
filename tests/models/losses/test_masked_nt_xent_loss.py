"""NT-Xent with masks against a slow loop, hand-worked batches and pytorch-metric-learning."""

from __future__ import annotations

import math

import pytest
import torch
from mmdet.registry import MODELS
from pytorch_metric_learning.losses import NTXentLoss
from torch.nn import functional as F

TEMPERATURE = 0.5


def build(**arguments):
    return MODELS.build(dict(type='MaskedNTXentLoss', temperature=TEMPERATURE, **arguments))


def random_pairs(count: int = 9, seed: int = 0):
    """Embeddings and masks in which some anchors lack positives, negatives or both, and many pairs are ignored."""
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(count, 6, generator=generator)
    kinds = torch.randint(3, (count, count), generator=generator).fill_diagonal_(2)
    kinds[0] = 2
    kinds[1][kinds[1] == 1] = 2
    return embeddings, kinds == 0, kinds == 1


def slow_loss(embeddings, positives, negatives, others=None) -> float:
    others = embeddings if others is None else others

    def power(i, j):
        u, v = embeddings[i].tolist(), others[j].tolist()
        product = sum(a * b for a, b in zip(u, v))
        return math.exp(product / math.hypot(*u) / math.hypot(*v) / TEMPERATURE)

    costs = []
    for i in range(len(embeddings)):
        pushed = sum(power(i, k) for k in range(len(others)) if negatives[i, k])
        costs += [-math.log(power(i, j) / (power(i, j) + pushed)) for j in range(len(others)) if positives[i, j]]
    return sum(costs) / len(costs) if costs else 0.0


@pytest.mark.parametrize('seed', range(4))
def test_loss_is_that_of_a_slow_loop(seed):
    case = random_pairs(seed=seed)
    assert float(build()(*case)) == pytest.approx(slow_loss(*case), abs=1e-6)


def test_anchors_may_be_compared_with_others():
    _, positives, negatives = random_pairs()
    anchors, others = torch.randn(4, 6), torch.randn(9, 6)
    case = anchors, positives[:4], negatives[:4], others
    assert float(build()(*case)) == pytest.approx(slow_loss(*case), abs=1e-6)


@pytest.mark.parametrize('seed', range(4))
def test_loss_and_gradient_are_those_of_pytorch_metric_learning(seed):
    embeddings, positives, negatives = random_pairs(seed=seed)
    ours, theirs = (embeddings.clone().double().requires_grad_() for _ in range(2))
    loss = build()(ours, positives, negatives)
    pairs = (*positives.nonzero(as_tuple=True), *negatives.nonzero(as_tuple=True))
    expected = NTXentLoss(temperature=TEMPERATURE)(theirs, indices_tuple=pairs)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    loss.backward()
    expected.backward()
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)


def test_two_views_of_each_image_are_simclr():
    """All but itself are in each denominator: cross entropy with the partner as the class."""
    embeddings = torch.randn(8, 5)
    partner = torch.arange(8) ^ 1
    positives = F.one_hot(partner, 8).bool()
    logits = F.normalize(embeddings) @ F.normalize(embeddings).T / TEMPERATURE
    expected = F.cross_entropy(logits.fill_diagonal_(-torch.inf), partner)
    loss = build()(embeddings, positives, ~positives & ~torch.eye(8, dtype=torch.bool))
    assert float(loss) == pytest.approx(float(expected), abs=1e-6)


def test_hand_worked_batch():
    """Anchor 0 has similarity 1 with its positive and 0 with one negative; anchor 1 has no negative and costs 0."""
    embeddings = torch.tensor([[2.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
    positives, negatives = torch.zeros(2, 3, 3, dtype=torch.bool)
    positives[0, 1] = positives[1, 0] = negatives[0, 2] = True
    first = -math.log(math.exp(1 / TEMPERATURE) / (math.exp(1 / TEMPERATURE) + 1))
    assert float(build()(embeddings, positives, negatives)) == pytest.approx(first / 2, abs=1e-6)
    assert float(build(loss_weight=3.0)(embeddings, positives, negatives)) == pytest.approx(1.5 * first, abs=1e-6)


def test_ignored_pairs_and_other_positives_change_nothing():
    embeddings, positives, negatives = random_pairs()
    positives[2], negatives[2] = False, False
    positives[2, 3] = positives[2, 5] = negatives[2, 7] = True
    before = build()(embeddings[[2]], positives[[2]], negatives[[2]], embeddings)
    others = embeddings.clone()
    others[[1, 4, 6]] *= -1
    assert torch.equal(before, build()(embeddings[[2]], positives[[2]], negatives[[2]], others))
    alone = [build()(embeddings[[2]], F.one_hot(torch.tensor([j]), 9).bool(), negatives[[2]], others) for j in (3, 5)]
    assert float(before) == pytest.approx(float(sum(alone)) / 2, abs=1e-6)


@pytest.mark.parametrize('with_positives', [True, False])
def test_without_negatives_the_loss_is_zero_and_its_gradient_finite(with_positives):
    embeddings, positives, negatives = random_pairs()
    embeddings.requires_grad_()
    loss = build()(embeddings, positives & with_positives, torch.zeros_like(negatives))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


def test_small_temperature_stays_finite():
    embeddings, positives, negatives = random_pairs()
    embeddings.requires_grad_()
    loss = MODELS.build(dict(type='MaskedNTXentLoss', temperature=1e-3))(embeddings, positives, negatives)
    loss.backward()
    assert loss.isfinite() and loss.item() > 0
    assert embeddings.grad.isfinite().all()


def test_loss_is_float32_under_mixed_precision():
    embeddings, positives, negatives = random_pairs()
    plain = build()(embeddings, positives, negatives)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        mixed = build()(embeddings, positives, negatives)
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, plain)


def test_what_does_not_fit_is_refused():
    embeddings, positives, negatives = random_pairs()
    with pytest.raises(ValueError, match='both positive and negative'):
        build()(embeddings, positives, positives)
    with pytest.raises(ValueError, match='negatives must be bool of shape'):
        build()(embeddings, positives, negatives[:, :3])
    with pytest.raises(ValueError, match='temperature must be positive'):
        MODELS.build(dict(type='MaskedNTXentLoss', temperature=0))
