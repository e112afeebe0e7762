import math

import pytest
import torch

from tests.models.small_models import build

NAN = float('nan')


@pytest.fixture
def loss_mil():
    return build(dict(type='NoisyOrMILLoss'))


def product_formula(logits, view_labels, breast_labels, views_per_breast):
    """The two losses straight from probabilities, in double precision; labels all known."""
    images, breasts, start = [], [], 0
    for label, count in zip(breast_labels.tolist(), views_per_breast):
        scores = [1 - torch.prod(1 - torch.sigmoid(row.double())) for row in logits[start : start + count]]
        for score, view_label in zip(scores, view_labels[start : start + count].tolist()):
            images.append(-math.log(score if view_label else 1 - score))
        mean = sum(scores) / count
        breasts.append(-math.log(mean if label else 1 - mean))
        start += count
    return sum(images) / len(images), sum(breasts) / len(breasts)


def test_even_chances_by_hand(loss_mil):
    losses = loss_mil(torch.zeros(2, 2), torch.tensor([1.0, 0.0]), torch.tensor([1.0]), [2])
    # Image scores 3/4: -(log 3/4 + log 1/4) / 2; breast score 3/4.
    assert float(losses['loss_mil_image']) == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)
    assert float(losses['loss_mil_breast']) == pytest.approx(-math.log(0.75))


def test_agrees_with_the_product_formula(loss_mil):
    logits = 2 * torch.randn(5, 7) - 3
    labels = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0]), torch.tensor([1.0, 0.0, 1.0])
    losses = loss_mil(logits, *labels, [2, 1, 2])
    image, breast = product_formula(logits, *labels, [2, 1, 2])
    assert float(losses['loss_mil_image']) == pytest.approx(image, rel=1e-5)
    assert float(losses['loss_mil_breast']) == pytest.approx(breast, rel=1e-5)


def test_breast_score_is_the_mean_and_not_the_product_of_its_views(loss_mil):
    certain, impossible = torch.full((1, 3), 30.0), torch.full((1, 3), -30.0)
    losses = loss_mil(torch.cat([certain, impossible]), torch.tensor([NAN, NAN]), torch.tensor([1.0]), [2])
    assert float(losses['loss_mil_breast']) == pytest.approx(math.log(2), rel=1e-5)


def test_single_view_counts_as_the_breast(loss_mil):
    losses = loss_mil(torch.randn(1, 5), torch.tensor([1.0]), torch.tensor([1.0]), [1])
    torch.testing.assert_close(losses['loss_mil_image'], losses['loss_mil_breast'])


def test_unknown_labels_neither_count_nor_dilute(loss_mil):
    logits = torch.randn(3, 5, requires_grad=True)
    losses = loss_mil(logits, torch.tensor([1.0, NAN, 0.0]), torch.tensor([NAN, 0.0]), [2, 1])
    known = loss_mil(logits[[0, 2]], torch.tensor([1.0, 0.0]), torch.tensor([NAN, 0.0]), [1, 1])
    torch.testing.assert_close(losses, known)
    losses['loss_mil_image'].backward()
    assert logits.grad[1].abs().sum() == 0 and logits.grad[[0, 2]].isfinite().all()


def test_batch_of_unknown_labels_has_zero_loss_with_live_gradients(loss_mil):
    logits = torch.randn(2, 5, requires_grad=True)
    losses = loss_mil(logits, torch.tensor([NAN, NAN]), torch.tensor([NAN]), [2])
    sum(losses.values()).backward()
    assert all(value == 0 for value in losses.values())
    assert torch.equal(logits.grad, torch.zeros(2, 5))


@pytest.mark.parametrize('logit', [-1e4, -100.0, 100.0, 1e4])
@pytest.mark.parametrize('label', [0.0, 1.0])
def test_certain_scores_have_finite_loss_and_gradient(loss_mil, logit, label):
    logits = torch.full((2, 5), logit).requires_grad_()
    losses = loss_mil(logits, torch.full((2,), label), torch.tensor([label]), [2])
    sum(losses.values()).backward()
    assert all(value.isfinite() and value >= 0 for value in losses.values())
    assert logits.grad.isfinite().all()


def test_confident_mistake_is_pushed_back(loss_mil):
    logits = torch.full((1, 5), 100.0).requires_grad_()
    loss_mil(logits, torch.tensor([0.0]), torch.tensor([0.0]), [1])['loss_mil_image'].backward()
    torch.testing.assert_close(logits.grad, torch.ones(1, 5))


def test_weights_scale_the_losses():
    arguments = torch.randn(1, 5), torch.tensor([1.0]), torch.tensor([1.0]), [1]
    plain = build(dict(type='NoisyOrMILLoss'))(*arguments)
    weighted = build(dict(type='NoisyOrMILLoss', image_weight=2.0, breast_weight=0.5))(*arguments)
    torch.testing.assert_close(weighted['loss_mil_image'], 2 * plain['loss_mil_image'])
    torch.testing.assert_close(weighted['loss_mil_breast'], 0.5 * plain['loss_mil_breast'])


def test_view_counts_must_add_up(loss_mil):
    with pytest.raises(RuntimeError, match='split_with_sizes'):
        loss_mil(torch.randn(3, 5), torch.zeros(3), torch.zeros(2), [1, 1])
