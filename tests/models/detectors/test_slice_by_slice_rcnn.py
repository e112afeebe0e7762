from __future__ import annotations

import pytest
import torch

from tests.models.small_cases import SmallView, make_batch, make_volumes
from tests.models.small_models import NUM_PROPOSALS, build_detector, detector_config


def build_pair():
    """The baseline and the 2-D detector that it runs, with the same weights."""
    flat = build_detector()
    by_slice = build_detector(detector_config() | dict(type='SliceBySliceRCNN'))
    by_slice.load_state_dict(flat.state_dict())
    return flat.eval(), by_slice.eval()


def predict(detector, breasts, volumes, **arguments):
    batch = make_batch(detector, breasts, volumes)
    with torch.no_grad():
        return detector.predict(batch['inputs'], batch['data_samples'], **arguments)


def test_one_slice_gives_what_the_2d_detector_gives():
    flat, by_slice = build_pair()
    breasts = [[SmallView(), SmallView()]]
    volumes = make_volumes(breasts)
    (expected,), (found,) = (predict(detector, breasts, volumes) for detector in (flat, by_slice))
    assert found.pred_malignancy == pytest.approx(expected.pred_malignancy)
    for view, reference in zip(found.views, expected.views):
        best, wanted = view.pred_instances, reference.pred_instances
        torch.testing.assert_close(best.scores[0], wanted.scores.max())
        assert len(best.scores) <= NUM_PROPOSALS and torch.equal(best.slice_weights.sum(-1), torch.ones(len(best)))


def test_every_slice_is_read_with_the_slice_at_the_same_height_of_the_other_view():
    flat, by_slice = build_pair()
    breasts = [[SmallView(4), SmallView(2)]]
    volumes = make_volumes(breasts)
    (found,) = predict(by_slice, breasts, volumes)
    pairs = [(0, 0), (1, 0), (2, 1), (3, 1)]
    alone = [
        predict(flat, [[SmallView(), SmallView()]], [[volumes[0][0][i][None], volumes[0][1][j][None]]])[0]
        for i, j in pairs
    ]
    for view in range(2):
        highest = max(case.views[view].pred_malignancy for case in alone)
        assert found.views[view].pred_malignancy == pytest.approx(highest, abs=1e-6)
        top = torch.stack([case.views[view].pred_instances.scores.max() for case in alone])
        best, second = top.topk(2).values
        assert best > 1.001 * second, 'slices too much alike to say which is best: choose other volumes'
        instances = found.views[view].pred_instances
        torch.testing.assert_close(instances.scores[0], top.max())
        bins = found.views[view].slice_bins
        assert int(instances.slices[0]) == bins.middle(pairs[int(top.argmax())][view])
    assert found.pred_malignancy == pytest.approx(sum(view.pred_malignancy for view in found.views) / 2)


def test_breasts_of_a_batch_do_not_mix():
    _, by_slice = build_pair()
    breasts = [[SmallView(3)], [SmallView(2), SmallView(2)]]
    volumes = make_volumes(breasts)
    together = predict(by_slice, breasts, volumes)
    for case, views, inputs in zip(together, breasts, volumes):
        (alone,) = predict(by_slice, [views], [inputs])
        assert case.pred_malignancy == pytest.approx(alone.pred_malignancy, abs=1e-6)
        for view, reference in zip(case.views, alone.views):
            torch.testing.assert_close(view.pred_instances.scores, reference.pred_instances.scores)


def test_it_trains_on_single_slices_as_the_2d_detector_does():
    flat, by_slice = (detector.train() for detector in build_pair())
    breasts = [[SmallView(boxes=[[10, 12, 24, 30]]), SmallView()]]
    volumes = make_volumes(breasts)
    losses = [detector(**make_batch(detector, breasts, volumes), mode='loss') for detector in (flat, by_slice)]
    assert losses[0].keys() == losses[1].keys()
    for name, value in losses[0].items():
        torch.testing.assert_close(value, losses[1][name])
