"""The margin contrastive loss against the paper's equation and an independent package."""

import pytest
import torch

from mammo_plugins.models.losses import MarginContrastiveLoss
from tests.references.margin_contrastive import margin_contrastive_loss
from tests.two_processes import in_two_processes


@pytest.fixture(name='pairs')
def pairs_fixture():
    """Some apart by less than the margin, some by more."""
    first, second = 2 * torch.randn(20, 8, dtype=torch.float64), 2 * torch.randn(20, 8, dtype=torch.float64)
    first[15:] += 10
    return first.requires_grad_(), second, (torch.arange(20) % 3 == 0).double()


@pytest.mark.parametrize('margin', [5.0, 10.0, 15.0])
def test_loss_is_equation_three(pairs, margin):
    loss = MarginContrastiveLoss(margin)(*pairs)
    torch.testing.assert_close(loss.item(), margin_contrastive_loss(*pairs, margin))


def test_hand_worked_case():
    # Distances 3 (matched), 4 and 12 (not): (9 + (10 - 4)^2 + 0) / (2 * 3) = 7.5.
    first = torch.tensor([[3.0, 0], [0, 4], [12, 0]])
    assert MarginContrastiveLoss(10)(first, torch.zeros(3, 2), torch.tensor([1, 0, 0])).item() == pytest.approx(7.5)


def test_loss_is_that_of_pytorch_metric_learning(pairs):
    package = pytest.importorskip('pytorch_metric_learning', reason='needs pytorch-metric-learning (test extra)')
    from pytorch_metric_learning import distances, losses, reducers

    assert package
    first, second, matched = pairs
    oracle = losses.ContrastiveLoss(
        pos_margin=0, neg_margin=10, distance=distances.LpDistance(normalize_embeddings=False, p=2, power=1),
        reducer=reducers.DoNothingReducer(),
    )  # fmt: skip
    total = 0.0
    for is_matched in (True, False):
        rows = torch.nonzero(matched.bool() == is_matched)[:, 0]
        anchors = torch.arange(len(rows))
        nothing = torch.zeros(0, dtype=torch.long)
        links = (anchors, anchors, nothing, nothing) if is_matched else (nothing, nothing, anchors, anchors)
        terms = oracle(first[rows], indices_tuple=links, ref_emb=second[rows], ref_labels=None)
        total = total + terms['pos_loss' if is_matched else 'neg_loss']['losses'].square().sum()
    torch.testing.assert_close(MarginContrastiveLoss(10)(*pairs), total / (2 * len(matched)))


def test_no_pair_and_equal_embeddings_have_finite_gradients():
    empty = torch.zeros(0, 4, requires_grad=True)
    loss = MarginContrastiveLoss()(empty, empty, torch.zeros(0))
    assert loss.item() == 0 and loss.requires_grad
    same = torch.ones(2, 4, requires_grad=True)
    MarginContrastiveLoss()(same, torch.ones(2, 4), torch.tensor([1.0, 0.0])).backward()
    assert torch.isfinite(same.grad).all()


def gradient_of_some_pairs(chosen: list[int]) -> torch.Tensor:
    """Gradient at one linear embedding from some of eight pairs."""
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 8, 5, generator=draw, dtype=torch.float64)
    matched = (torch.arange(8) % 3 == 0).double()
    weight = torch.randn(4, 5, generator=draw, dtype=torch.float64).requires_grad_()
    MarginContrastiveLoss()(first[chosen] @ weight.T, second[chosen] @ weight.T, matched[chosen]).backward()
    return weight.grad


@pytest.mark.parametrize('shares', [([0, 1, 2, 3, 4, 5], [6, 7]), ([], list(range(8))), ([], [])])
def test_averaged_gradient_of_two_processes_is_that_of_all_pairs(shares, tmp_path):
    gradients = in_two_processes(gradient_of_some_pairs, shares, tmp_path)
    torch.testing.assert_close((gradients[0] + gradients[1]) / 2, gradient_of_some_pairs(sum(shares, [])))


def test_margin_must_be_positive():
    with pytest.raises(ValueError, match='margin must be positive, got 0'):
        MarginContrastiveLoss(0)
