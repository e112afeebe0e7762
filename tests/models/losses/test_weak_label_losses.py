import math

import pytest
import torch

from tests.models.small_models import build

NAN = float('nan')


def test_cross_entropy_is_the_mean_over_known_labels():
    loss = build(dict(type='LabelCrossEntropyLoss'))
    probabilities = torch.tensor([[0.9, 0.2], [0.4, 0.7]])
    expected = -(math.log(0.9) + math.log(0.8) + math.log(0.7)) / 3
    assert float(loss(probabilities, torch.tensor([[1, 0], [NAN, 1.0]]))) == pytest.approx(expected)


def test_unknown_labels_cost_nothing_and_leave_gradients_alive():
    probabilities = torch.rand(2, 2, requires_grad=True)
    value = build(dict(type='LabelCrossEntropyLoss'))(probabilities, torch.full((2, 2), NAN))
    value.backward()
    assert value == 0 and torch.equal(probabilities.grad, torch.zeros(2, 2))


@pytest.mark.parametrize('probability', [0.0, 1.0])
@pytest.mark.parametrize('label', [0.0, 1.0])
def test_certain_probabilities_have_a_finite_loss(probability, label):
    probabilities = torch.full((1, 1), probability, requires_grad=True)
    value = build(dict(type='LabelCrossEntropyLoss', eps=1e-6))(probabilities, torch.tensor([[label]]))
    value.backward()
    wrong = -math.log(1e-6)
    assert float(value.detach()) == pytest.approx(0.0 if probability == label else wrong, abs=0.05)
    assert probabilities.grad.isfinite().all()


def test_half_precision_is_computed_in_float32():
    loss = build(dict(type='LabelCrossEntropyLoss'))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert loss(torch.tensor([[0.25]], dtype=torch.bfloat16), torch.tensor([[1.0]])).dtype == torch.float32


def test_l1_is_summed_over_positions_and_classes_or_their_mean():
    maps = torch.tensor([0.5, 0.25]).reshape(2, 1, 1, 1).expand(2, 2, 3, 4)
    summed = build(dict(type='MapSparsityLoss', loss_weight=0.1))(maps)
    mean = build(dict(type='MapSparsityLoss', loss_weight=0.1, reduction='mean'))(maps)
    assert float(summed) == pytest.approx(0.1 * (0.5 + 0.25) / 2 * 24)
    assert float(mean) == pytest.approx(0.1 * 0.375)
    with pytest.raises(ValueError, match="sum or mean, got 'max'"):
        build(dict(type='MapSparsityLoss', loss_weight=0.1, reduction='max'))
