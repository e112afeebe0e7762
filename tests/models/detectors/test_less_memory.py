"""Computing again what is not kept changes neither losses nor gradients nor predictions."""

from __future__ import annotations

import pytest
import torch

from tests.models.small_cases import LESION, SAME_LESION, UNANNOTATED, SmallView, make_batch, make_cases, make_volumes
from tests.models.small_models import build_detector, detector_config

BREASTS = [[LESION, SAME_LESION], [UNANNOTATED], [SmallView(1, boxes=[[10, 12, 24, 30]]), SmallView(5)]]
SAVING = [
    dict(slices_at_once=1),
    dict(slices_at_once=4),
    dict(slices_at_once=100),
    dict(slices_at_once=2, slices_kept=5),
    dict(recompute_stages=True),
    dict(slices_at_once=2, recompute_stages=True),
]


def build_pair(recompute_stages=False, **of_detector):
    plain = build_detector(num_stages=3)
    config = detector_config(num_stages=3, recompute_stages=recompute_stages)
    saving = build_detector(config | of_detector)
    saving.load_state_dict(plain.state_dict())
    return plain.double(), saving.double()


def batch_of(detector, volumes):
    """In double precision: in single, a convolution of one image rounds otherwise than one of many."""
    batch = make_batch(detector, BREASTS, volumes)
    return dict(inputs=batch['inputs'].double(), data_samples=make_cases(BREASTS, torch.float64))


def losses_and_gradients(detector, volumes):
    losses = detector(**batch_of(detector, volumes), mode='loss')
    sum(losses.values()).backward()
    return losses, {name: parameter.grad for name, parameter in detector.named_parameters()}


@pytest.mark.parametrize('saving', SAVING, ids=str)
def test_losses_and_gradients_are_the_same(saving):
    volumes = make_volumes(BREASTS)
    (losses, gradients), (again, others) = (losses_and_gradients(d, volumes) for d in build_pair(**saving))
    for name, value in losses.items():
        torch.testing.assert_close(again[name], value)
    for name, gradient in gradients.items():
        assert (gradient is None) == (others[name] is None), name
        if gradient is not None:
            torch.testing.assert_close(others[name], gradient)


@pytest.mark.parametrize('saving', SAVING, ids=str)
def test_predictions_are_the_same(saving):
    volumes = make_volumes(BREASTS)
    found = []
    for detector in build_pair(**saving):
        batch = batch_of(detector.eval(), volumes)
        with torch.no_grad():
            found.append(detector.predict(batch['inputs'], batch['data_samples']))
    for case, other in zip(*found):
        for view, reference in zip(case.views, other.views):
            torch.testing.assert_close(view.pred_instances.scores, reference.pred_instances.scores)
            torch.testing.assert_close(view.pred_instances.bboxes, reference.pred_instances.bboxes)


class Kept(torch.autograd.graph.saved_tensors_hooks):
    """Counts the numbers that a forward pass keeps for the backward pass."""

    def __init__(self):
        self.numbers = 0
        super().__init__(self._pack, lambda tensor: tensor)

    def __enter__(self):
        super().__enter__()
        return self

    def _pack(self, tensor):
        self.numbers += tensor.numel()
        return tensor


def test_fewer_numbers_are_kept():
    volumes = make_volumes(BREASTS)
    plain, saving = build_pair(slices_at_once=2, recompute_stages=True)
    kept = {}
    for name, detector, slices_kept in ('plain', plain, 0), ('some', saving, 5), ('none', saving, 0):
        detector.slices_kept = slices_kept
        with Kept() as count:
            detector(**batch_of(detector, volumes), mode='loss')
        kept[name] = count.numbers
    assert kept['none'] < 0.2 * kept['plain']
    # Two of its pieces of two slice images are kept: 4 of those of the batch.
    share = 4 / sum(len(volume) for breast in volumes for volume in breast)
    assert kept['some'] - kept['none'] == pytest.approx(share * kept['plain'], rel=0.5)


def test_batch_statistics_of_pieces_are_refused():
    _, saving = build_pair(slices_at_once=1)
    for module in saving.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()
    with pytest.raises(ValueError, match='batch normalisation in training mode'):
        saving(**make_batch(saving, BREASTS), mode='loss')


@pytest.mark.parametrize('wrong', [dict(slices_at_once=0), dict(slices_kept=-1)], ids=str)
def test_no_piece_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f'{name} must be at least'):
        build_detector(detector_config() | wrong)
