"""With one view, one slice and the same weights, the detector is mmdet's own Sparse R-CNN."""

import pytest
import torch
from mmdet.models.detectors import SparseRCNN

from tests.models.small_cases import SmallView, make_batch
from tests.models.small_models import build, build_detector, mmdet_sparse_rcnn_config

FINDINGS = [
    [SmallView(boxes=[[10, 12, 24, 30], [20, 30, 40, 60]])],
    [SmallView(boxes=[[4, 5, 12, 17]])],
    [SmallView()],
]


def detectors(**arguments) -> tuple[torch.nn.Module, SparseRCNN]:
    """Ours and mmdet's, of the same weights."""
    ours = build_detector(num_stages=3, mil=False, **arguments)
    theirs = build(mmdet_sparse_rcnn_config(num_stages=3)).train()
    weights = {name: tensor for name, tensor in ours.state_dict().items() if '.cross_view_attention.' not in name}
    theirs.load_state_dict(weights, strict=True)
    return ours, theirs


def test_parameter_names_are_mmdets():
    ours, theirs = detectors(cross_view=False)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    ours.load_state_dict(theirs.state_dict(), strict=True)


def test_cross_view_attention_is_all_that_a_sparse_rcnn_checkpoint_lacks():
    ours, theirs = detectors()
    missing, unexpected = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert not unexpected
    assert missing and all('.cross_view_attention.' in name for name in missing)


@pytest.mark.parametrize('cross_view', [False, True])
@torch.no_grad()
def test_predictions_are_mmdets(cross_view):
    ours, theirs = (detector.eval() for detector in detectors(cross_view=cross_view))
    batch = make_batch(ours, FINDINGS)
    images = [case.views[0] for case in batch['data_samples']]
    expected = theirs.predict(batch['inputs'], images, rescale=False)
    expected = [image.pred_instances for image in expected]
    for case, reference in zip(ours.predict(**as_arguments(batch), rescale=False), expected):
        found = case.views[0].pred_instances
        # By box and label: two scores that are nearly equal may rank the other way round in another implementation.
        rows, expected_rows = (torch.cat([part.bboxes, part.labels[:, None]], dim=1) for part in (found, reference))
        order = torch.cdist(rows, expected_rows).argmin(dim=1)
        assert sorted(order.tolist()) == list(range(len(reference)))
        torch.testing.assert_close(found.scores, reference.scores[order], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(found.bboxes, reference.bboxes[order], rtol=1e-4, atol=1e-4)
        assert found.labels.tolist() == reference.labels[order].tolist()


@pytest.mark.parametrize('cross_view', [False, True])
def test_losses_and_gradients_are_mmdets(cross_view):
    ours, theirs = detectors(cross_view=cross_view)
    batch = make_batch(ours, FINDINGS)
    losses = ours.loss(**as_arguments(batch))
    expected = theirs.loss(batch['inputs'], [case.views[0] for case in batch['data_samples']])
    names = [f's{stage}.loss_{name}' for stage in range(3) for name in ('cls', 'bbox', 'iou')]
    for name in names:
        torch.testing.assert_close(losses[name], expected[name], rtol=1e-4, atol=1e-6)
    assert set(losses) - set(names) == {f's{stage}.loss_slice' for stage in range(3)}

    ours.parse_losses(losses)[0].backward()
    theirs.parse_losses(expected)[0].backward()
    gradients = {name: p.grad for name, p in ours.named_parameters()}
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-3, atol=2e-5)


def test_batch_without_findings_is_where_the_losses_part():
    """mmdet divides by the machine epsilon then; here it is one."""
    ours, theirs = detectors()
    batch = make_batch(ours, [[SmallView()]])
    losses = ours.loss(**as_arguments(batch))
    expected = theirs.loss(batch['inputs'], [batch['data_samples'][0].views[0]])
    epsilon = torch.finfo(torch.float32).eps
    assert expected['s0.loss_cls'] > 1000
    torch.testing.assert_close(losses['s0.loss_cls'], expected['s0.loss_cls'] * epsilon, rtol=1e-4, atol=0)


def as_arguments(batch: dict) -> dict:
    return dict(batch_inputs=batch['inputs'], batch_data_samples=batch['data_samples'])
