"""Detecting and matching: what learns, what is stored, and that a trained head finds the pairs."""

import pytest
import torch
from mmengine.structures import InstanceData

from tests.models.matching_cases import batch_of, build_matching, make_breasts

UPPER, LOWER = [8.0, 8.0, 20.0, 20.0], [6.0, 36.0, 16.0, 46.0]
TWO = [[(UPPER, 'a'), (LOWER, 'b')], [([20.0, 10, 32, 22], 'a'), ([12.0, 40, 22, 50], 'b')]]


def grads(module):
    return [parameter.grad is not None and bool(parameter.grad.abs().sum() > 0) for parameter in module.parameters()]


@pytest.mark.parametrize('pairs_from', ['truth', 'detections'])
def test_frozen_detector_stays_as_it_is(pairs_from):
    detector = build_matching(pairs_from=pairs_from, min_score=0.0).train()
    assert not any(module.training for module in detector.detector.modules())
    before = {name: value.clone() for name, value in detector.detector.state_dict().items()}
    losses = detector.loss(**as_arguments(batch_of(detector, make_breasts(TWO, [[], []]))))
    assert list(losses) == ['loss_matching']
    losses['loss_matching'].backward()
    assert all(grads(detector.matching_head)) and not any(grads(detector.detector))
    assert all(torch.equal(value, before[name]) for name, value in detector.detector.state_dict().items())


def test_both_learn_together_unless_frozen():
    detector = build_matching(freeze_detector=False).train()
    losses = detector.loss(**as_arguments(batch_of(detector, make_breasts(TWO))))
    assert {'loss_cls', 'loss_bbox', 'loss_matching'} <= set(losses)
    losses['loss_matching'].backward()
    assert any(grads(detector.detector.backbone))


@pytest.mark.parametrize('breast', [[[], []], [[(UPPER, 'a')], []]], ids=['nothing', 'one view'])
def test_batch_without_pairs_has_no_loss_and_live_gradients(breast):
    detector = build_matching().train()
    losses = detector.loss(**as_arguments(batch_of(detector, make_breasts(breast))))
    losses['loss_matching'].backward()
    assert losses['loss_matching'].item() == 0
    assert all(parameter.grad is not None for parameter in detector.matching_head.parameters())


def as_arguments(batch):
    return dict(batch_inputs=batch['inputs'], batch_data_samples=batch['data_samples'])


def with_findings(detector, monkeypatch, *found):
    """Lets the detector find given (boxes, scores) in the images that it sees, one after another."""
    queue = [
        InstanceData(bboxes=torch.tensor(b), scores=torch.tensor(s), labels=torch.zeros(len(s)).long())
        for b, s in found
    ]
    remaining = iter(queue)

    def detect(inputs, samples):
        results = [next(remaining) for _ in samples]
        for result in results:
            result.set_metainfo(dict(malignancy=0.5))
        return results

    monkeypatch.setattr(detector, '_detect', detect)


def test_trained_head_pairs_masses_and_boosts_their_scores(monkeypatch):
    detector = build_matching(head=dict(appearance=False)).train()
    cases = make_breasts(TWO)
    batch = as_arguments(batch_of(detector, cases))
    optimizer = torch.optim.Adam(detector.matching_head.parameters(), 0.05)
    for _ in range(120):
        optimizer.zero_grad()
        loss = detector.loss(**batch)['loss_matching']
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5
    detector.eval()
    cc = ([LOWER, UPPER, [30.0, 0, 40, 9]], [0.5, 0.4, 0.01])
    mlo = ([[20.0, 10, 32, 22], [12.0, 40, 22, 50]], [0.6, 0.9])
    with_findings(detector, monkeypatch, cc, mlo)
    with torch.no_grad():
        (case,) = detector.predict(**batch)
    first, second = (view.pred_instances for view in case.views)
    assert first.lesions[0] == second.lesions[1] > 0 and first.lesions[1] == second.lesions[0] > 0
    assert first.lesions[2] == 0, 'scores below min_score match nothing'
    assert first.scores.tolist() == pytest.approx([0.5, 0.4, 0.01])
    detector.score_boost = 0.2
    with_findings(detector, monkeypatch, cc, mlo)
    with torch.no_grad():
        (case,) = detector.predict(**batch)
    first, second = (view.pred_instances for view in case.views)
    assert 0.6 < first.scores[0] <= 0.7 and second.scores[1] == 1 and first.scores[2] == pytest.approx(0.01)
    assert case.views[0].pred_malignancy == 0.5


def test_swapped_views_have_the_same_pairs(monkeypatch):
    detector = build_matching(min_score=0.0, head=dict(loss=dict(type='MarginContrastiveLoss', margin=1e3))).eval()
    found = {'L-CC': ([UPPER, LOWER], [0.5, 0.4]), 'L-MLO': ([LOWER, UPPER], [0.6, 0.9])}
    pairs, inputs = [], None
    for names in (('L-CC', 'L-MLO'), ('L-MLO', 'L-CC')):
        torch.manual_seed(3)
        batch = as_arguments(batch_of(detector, make_breasts([[], []], views=names)))
        batch['batch_inputs'] = batch['batch_inputs'] if inputs is None else inputs.flip(0)
        inputs = batch['batch_inputs']
        with_findings(detector, monkeypatch, *(found[name] for name in names))
        with torch.no_grad():
            (case,) = detector.predict(**batch)
        lesions = {view.view: view.pred_instances.lesions.tolist() for view in case.views}
        pairs.append(lesions)
    assert pairs[0] == pairs[1] and sorted(pairs[0]['L-CC']) == [1, 2]


def test_single_view_has_no_pairs_and_needs_no_landmarks(monkeypatch):
    detector = build_matching(min_score=0.0).eval()
    cases = make_breasts([[]], views=('L-CC',), landmarks=False)
    with_findings(detector, monkeypatch, ([UPPER], [0.5]))
    with torch.no_grad():
        (case,) = detector.predict(**as_arguments(batch_of(detector, cases)))
    assert case.views[0].pred_instances.lesions.tolist() == [0]


def test_real_findings_keep_their_numbers_through_the_detector():
    detector = build_matching(min_score=0.0, head=dict(loss=dict(type='MarginContrastiveLoss', margin=1e3))).eval()
    with torch.no_grad():
        (case,) = detector.predict(**as_arguments(batch_of(detector, make_breasts([[], []]))))
    first, second = (view.pred_instances for view in case.views)
    numbers = sorted(first.lesions[first.lesions > 0].tolist())
    assert numbers == sorted(second.lesions[second.lesions > 0].tolist()) == list(range(1, len(numbers) + 1))
    assert 1 <= len(numbers) <= 10


def test_weights_of_a_plain_detector_load():
    detector = build_matching()
    plain = {f'detector.{name}': value + 1 for name, value in detector.detector.state_dict().items()}
    missing, unexpected = detector.load_state_dict(plain, strict=False)
    assert not unexpected and all(name.startswith('matching_head.') for name in missing)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="pairs_from is one of truth, detections, got 'boxes'"):
        build_matching(pairs_from='boxes')
    with pytest.raises(ValueError, match='max_candidates=0'):
        build_matching(max_candidates=0)
