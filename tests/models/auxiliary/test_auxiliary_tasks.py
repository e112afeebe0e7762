"""Domain discriminator, jigsaw and momentum triplet against slow references, and inside a detector and a classifier."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

from mammo_plugins.models.auxiliary import DomainDiscriminator, JigsawTask, MomentumCopy, MomentumTripletTask
from mammo_plugins.models.auxiliary.domain_discriminator import image_places
from mammo_plugins.models.auxiliary.jigsaw_task import distant_permutations, shuffle_tiles
from tests.models.small_cases import SmallView, make_batch
from tests.models.small_classifier import LABELS, batch_of, build

SIZE = (64, 48)
DISCRIMINATOR = dict(type='DomainDiscriminator', in_channels=64, domains=['A', 'B'], hidden_channels=8)
JIGSAW = dict(type='JigsawTask', in_channels=64, unshuffled=0.5)
TRIPLET = dict(type='MomentumTripletTask', in_channels=64, embed_dims=8, queue_length=16, num_negatives=4)
OF_LABEL = TRIPLET | dict(label=dict(name='density', classes=['A/B', 'C/D']))


class Stub(nn.Module):
    """A backbone of one convolution with a norm, whose map has an eighth of the resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 5, 8, stride=8), nn.BatchNorm2d(5)

    def forward(self, images):
        return (self.norm(self.conv(images)),)


def views_of(vendors, sizes=None, **fields):
    views = []
    for index, vendor in enumerate(vendors):
        view = SmallView(**fields).sample()
        shape = (sizes or [SIZE] * len(vendors))[index]
        view.set_metainfo(dict(manufacturer=vendor, img_shape=shape))
        views.append(view)
    return views


def test_reversed_gradient_is_the_discriminators_own_times_minus_a_tenth():
    torch.manual_seed(0)
    task = DomainDiscriminator(5, ['A', 'B', 'C'], hidden_channels=8)
    maps, inputs = torch.randn(3, 5, 8, 6, requires_grad=True), torch.zeros(3, 3, *SIZE)
    views = views_of('BCA', sizes=[SIZE, (32, 48), SIZE])
    loss = task.loss(None, (maps,), inputs, views)['loss_domain']
    logits = task.layers(maps)
    of_images = []
    for image, (domain, rows) in enumerate(((1, 8), (2, 4), (0, 8))):
        places = [
            math.log(sum(map(math.exp, place))) - place[domain]
            for place in logits[image, :, :rows].flatten(1).T.tolist()
        ]
        of_images.append(np.mean(places))
    assert float(loss.detach()) == pytest.approx(0.1 * np.mean(of_images), rel=1e-5)
    (reversed_gradient,) = torch.autograd.grad(loss, maps)
    plain = sum(
        nn.functional.cross_entropy(logits[i : i + 1, :, :rows], torch.full((1, rows, 6), domain))
        for i, (domain, rows) in enumerate(((1, 8), (2, 4), (0, 8)))
    )
    (gradient,) = torch.autograd.grad(0.1 * plain / 3, maps)
    torch.testing.assert_close(reversed_gradient, -0.1 * gradient, rtol=1e-4, atol=1e-8)


def test_images_of_other_domains_cost_nothing():
    task = DomainDiscriminator(5, ['A', 'B'])
    maps = torch.randn(2, 5, 8, 6)
    both = task.loss(None, (maps,), torch.zeros(2, 3, *SIZE), views_of('AX'))
    alone = task.loss(None, (maps[:1],), torch.zeros(1, 3, *SIZE), views_of('A'))
    torch.testing.assert_close(both['loss_domain'], alone['loss_domain'])
    nothing = task.loss(None, (maps,), torch.zeros(2, 3, *SIZE), views_of('XY'))['loss_domain']
    assert float(nothing.detach()) == 0


def test_padding_is_no_place():
    places = image_places(views_of('AB', sizes=[(33, 48), (1, 1)]), SIZE, torch.zeros(2, 1, 8, 6))
    assert places[0, :5].all() and not places[0, 5:].any() and places[1].sum() == 1


def test_tiles_are_shuffled_as_by_a_loop():
    images, grid = torch.randn(3, 2, 10, 13), 3
    orders = torch.stack([torch.randperm(9, generator=torch.Generator().manual_seed(i)) for i in range(3)])
    found = shuffle_tiles(images, orders, grid)
    expected = torch.empty(3, 2, 9, 12)
    for image in range(3):
        for place in range(9):
            row, column = divmod(place, grid)
            from_row, from_column = divmod(int(orders[image, place]), grid)
            expected[image, :, 3 * row : 3 * row + 3, 4 * column : 4 * column + 4] = images[
                image, :, 3 * from_row : 3 * from_row + 3, 4 * from_column : 4 * from_column + 4
            ]
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(shuffle_tiles(images, torch.arange(9).expand(3, -1), 3), images[..., :9, :12])


def test_permutations_differ_in_most_places():
    orders = distant_permutations(9, 30)
    assert orders.shape == (30, 9) and (np.sort(orders, axis=1) == np.arange(9)).all()
    apart = [(a != b).sum() for i, a in enumerate(orders) for b in [np.arange(9), *orders[:i]]]
    assert min(apart) >= 6
    np.testing.assert_array_equal(orders, distant_permutations(9, 30))
    with pytest.raises(ValueError, match='there are not 30 permutations of 4 tiles'):
        distant_permutations(4, 30)


def test_nine_of_ten_images_keep_their_order():
    torch.manual_seed(0)
    task, seen = JigsawTask(5), []
    inputs = torch.rand(400, 3, 24, 24)

    def backbone(images):
        seen.append((images == inputs).flatten(1).all(dim=1))
        return Stub()(images)

    loss = task.loss(backbone, None, inputs, [None] * 400)['loss_jigsaw']
    assert 330 <= int(seen[0].sum()) <= 390 and 0 < float(loss.detach()) < 0.7 * 5


def triplet_by_loop(anchor, positive, negatives, margin, most):
    """The loss of one sample."""
    near = sum((a - p) ** 2 for a, p in zip(anchor, positive))
    far = sorted(sum((a - n) ** 2 for a, n in zip(anchor, negative)) for negative in negatives)
    semi_hard = [distance for distance in far if distance > near][:most] or [far[-1]]
    return np.mean([max(0.0, near - distance + margin) for distance in semi_hard])


@pytest.mark.parametrize('margin', [0.1, 2.0])
def test_triplet_is_that_of_a_loop(margin):
    task, rng = MomentumTripletTask(5, num_negatives=3, margin=margin), np.random.default_rng(0)
    for _ in range(20):
        vectors = rng.standard_normal((12, 4))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        found = task.triplet(*(torch.tensor(part) for part in (vectors[0], vectors[1], vectors[2:])))
        assert float(found) == pytest.approx(triplet_by_loop(vectors[0], vectors[1], vectors[2:], margin, 3))
    same = torch.ones(4, dtype=torch.float64)
    assert float(task.triplet(same, -same, same[None] / 2)) == pytest.approx(4 * 4 - 4 * 0.25 + margin)


def test_copy_follows_weights_and_statistics():
    torch.manual_seed(0)
    module = Stub()
    follower = MomentumCopy(module, 0.9).train()
    with torch.no_grad():
        module.conv.weight.add_(1.0)  # as where weights are loaded after the construction
    follower.update(module)
    assert all(torch.equal(a, b) for a, b in zip(follower.module.state_dict().values(), module.state_dict().values()))
    before = copy.deepcopy(module.state_dict())
    module.train()(torch.rand(4, 3, 16, 16))
    follower.update(module)
    mean = follower.module.norm.running_mean
    torch.testing.assert_close(mean, 0.9 * before['norm.running_mean'] + 0.1 * module.norm.running_mean)
    assert mean.abs().sum() > 0 and int(follower.module.norm.num_batches_tracked) == 1
    assert not follower.module.training and not any(p.requires_grad for p in follower.parameters())


def labelled(densities):
    views = views_of('A' * len(densities))
    for view, density in zip(views, densities):
        view.gt_labels = dict(density=density)
    return views


def test_samples_meet_those_of_earlier_batches():
    torch.manual_seed(0)
    task = MomentumTripletTask(5, label=dict(name='density', classes=['A/B', 'C/D']), embed_dims=4, queue_length=3)
    backbone = Stub().eval()
    task.attach(backbone)
    inputs = torch.rand(2, 3, *SIZE)
    first = task.loss(backbone, backbone(inputs), inputs, labelled([1.0, 3.0]))['loss_triplet']
    assert float(first.detach()) == 0, 'nobody else is of the same class'
    assert task.queue_classes.tolist() == [0, 1, -1]
    own, slow = task.embedding(backbone(inputs)[-1].mean(dim=(2, 3))), task.queue[:2].clone()
    own = nn.functional.normalize(own, dim=1).tolist()
    second = task.loss(backbone, backbone(inputs), inputs, labelled([2.0, float('nan')]))['loss_triplet']
    expected = triplet_by_loop(own[0], slow[0].tolist(), [slow[1].tolist()], 2.0, 256)
    assert float(second.detach()) == pytest.approx(0.5 * expected, rel=1e-4)
    task.loss(backbone, backbone(inputs), inputs, labelled([4.0, 4.0]))
    assert task.queue_classes.tolist() == [1, 1, 0], 'the oldest go first, and what is unknown is left out'


def test_boxes_are_told_from_background():
    torch.manual_seed(0)
    task = MomentumTripletTask(5, num_background=3, background_size=16)
    views = views_of('AA', boxes=[[8, 8, 24, 24]]) + views_of('A', boxes=[], annotated=False)
    boxes, classes = task._samples(views, torch.zeros(3, 3, *SIZE))
    assert classes.tolist() == [1, 0, 0, 0] * 2 and boxes[:, 0].tolist() == [0] * 4 + [1] * 4
    background = boxes[classes == 0, 1:]
    torch.testing.assert_close(background[:, 2:] - background[:, :2], torch.full((6, 2), 16.0))
    assert (background >= 0).all()
    assert all(x >= 24 or y >= 24 or right <= 8 or bottom <= 8 for x, y, right, bottom in background.tolist())


@pytest.mark.parametrize(
    'views', [[[SmallView(annotated=False, malignant=1.0)]], [[SmallView(boxes=[[8, 8, 30, 30]])]]]
)
def test_detector_learns_with_every_task(views):
    torch.manual_seed(0)
    detector = MODELS.build(detector_config([DISCRIMINATOR, JIGSAW, TRIPLET])).train()
    batch = make_batch(detector, [*views, *views])
    for case, vendor in zip(batch['data_samples'], 'AB'):
        case.views[0].set_metainfo(dict(manufacturer=vendor))
    losses = {name: value for _ in range(2) for name, value in detector(**batch, mode='loss').items()}
    assert {'loss_domain', 'loss_jigsaw', 'loss_triplet', 'loss_cls'} <= set(losses)
    total, _ = detector.parse_losses(losses)
    total.backward()
    learns = {name: p.grad for name, p in detector.named_parameters() if p.requires_grad}
    assert all(gradient is not None and gradient.isfinite().all() for gradient in learns.values())
    is_annotated = views[0][0].annotated
    assert bool(detector.auxiliary[2].queue_classes.max() >= 0) == is_annotated
    assert (float(total.detach()) > 0) == is_annotated
    assert (learns['detector.backbone.conv1.weight'].abs().sum() > 0) == is_annotated
    found = detector.eval()(**make_batch(detector, views), mode='predict')
    assert 'pred_instances' in found[0].views[0]


def detector_config(auxiliary):
    from mmengine.hub import get_config

    from mammo_plugins.compat.pretrained_weights import drop_pretrained

    config = get_config('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py').model
    config.backbone.update(depth=18, base_channels=8, frozen_stages=-1)
    config.neck.in_channels = [8, 16, 32, 64]
    config.bbox_head.num_classes = 1
    config.pop('data_preprocessor')
    drop_pretrained(config)
    return dict(type='MammogramDetector', detector=config, auxiliary=auxiliary)


def test_classifier_learns_with_every_task():
    model = build(auxiliary=[DISCRIMINATOR, JIGSAW, OF_LABEL]).train()
    batch = batch_of(model, LABELS)
    for case, vendor in zip(batch['data_samples'], 'ABAB'):
        case.views[0].set_metainfo(dict(manufacturer=vendor))
    first = model(**batch, mode='loss')
    second = model(**batch, mode='loss')
    assert {'loss_domain', 'loss_jigsaw', 'loss_triplet', 'loss_density'} <= set(first)
    assert float(second['loss_triplet'].detach()) > 0
    sum(second.values()).backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    assert len(model.auxiliary[2].state_dict()) > 100, 'queue and copy are part of a checkpoint'


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: DomainDiscriminator(5, ['A']), 'two or more names'),
        (lambda: DomainDiscriminator(5, ['A', 'B'], domain_of='age'), 'domain_of is one of'),
        (lambda: JigsawTask(5, grid=1), 'out of range'),
        (lambda: MomentumTripletTask(5, queue_length=0), 'at least 1'),
        (lambda: MomentumCopy(nn.Linear(1, 1), 1.0), 'momentum lies in'),
        (lambda: build(auxiliary=[JIGSAW, JIGSAW]).loss(**batch_of(build(), LABELS)), 'use each once'),
    ],
)
def test_contradictions_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
