"""A segmenter that learns masks: losses as MONAI and a loop have them, what is unknown, padding, two processes."""

from __future__ import annotations

import pytest
import torch
from monai.losses import DiceLoss
from torch.nn import functional as F

from tests.models.segmenters.small_segmenter import (
    KINDS,
    SIZE,
    losses_and_gradients,
    make_images,
    make_masked,
    make_segmenter,
)
from tests.two_processes import in_two_processes


def target(kind):
    """(2, H, W) the masks that a kind of image has."""
    masks = torch.zeros(2, *SIZE)
    masks[0, 10:30, 8:20] = float(kind in ('benign', 'both', 'without outline'))
    masks[1, 5:25, 30:44] = float(kind == 'both')
    return masks


KNOWN = {'without outline': [0], 'not annotated': []}


@pytest.mark.parametrize('weight', [1.0, 0.3])
def test_losses_are_means_over_known_planes_as_monai_has_them(weight):
    model, images = make_segmenter(dice_weight=weight), make_images(range(5))
    losses = model.loss(images, make_masked(KINDS))
    with torch.no_grad():
        logits = model(images)
    planes = [(n, c) for n, kind in enumerate(KINDS) for c in KNOWN.get(kind, [0, 1])]
    assert len(planes) == 7
    own = torch.stack([logits[n, c] for n, c in planes])[:, None]
    masks = torch.stack([target(KINDS[n])[c] for n, c in planes])[:, None]
    dice = DiceLoss(sigmoid=True, smooth_nr=1.0, smooth_dr=1.0)(own, masks)
    torch.testing.assert_close(losses['loss_dice'], weight * dice)
    torch.testing.assert_close(losses['loss_pixels'], F.binary_cross_entropy_with_logits(own, masks))


def test_gradients_reach_every_weight_and_a_batch_of_nothing_known_moves_none():
    _, gradients = losses_and_gradients([0, 1])
    blind = ('bias',)  # a bias before an instance norm moves nothing but by rounding
    assert [name for name, grad in gradients.items() if not grad.abs().sum() and not name.endswith(blind)] == []
    losses, gradients = losses_and_gradients([4])
    assert all(value == 0 for value in losses.values())
    assert all(not grad.abs().sum() for grad in gradients.values())


def test_two_processes_are_as_one(tmp_path):
    """The first process has the image of which one plane is known, the second two whole ones."""
    (of_first, first), (of_second, second) = in_two_processes(losses_and_gradients, ([3], [0, 1]), tmp_path)
    losses, gradients = losses_and_gradients([0, 1, 3])
    for name, value in losses.items():
        assert float(of_first[name] + of_second[name]) / 2 == pytest.approx(float(value), rel=1e-4)
    for name, value in gradients.items():
        torch.testing.assert_close((first[name] + second[name]) / 2, value, rtol=1e-3, atol=1e-5)


def test_maps_cover_each_image_without_the_padding_of_its_batch():
    model = make_segmenter(map_findings=dict(threshold=0.5, relative=True)).eval()
    small = make_images([1], (60, 40))
    sizes = [SIZE, (60, 40)]
    padded = torch.zeros(2, 1, 64, 64)
    padded[0, :, :, :48], padded[1, :, :60, :40] = make_images([0])[0], small[0]
    with torch.no_grad():
        together = model.predict(padded, make_masked(['none', 'none'], sizes))
        alone = model.predict(F.pad(small, (0, 24, 0, 4)), make_masked(['none'], [(60, 40)]))
    maps = [case.views[0].pred_saliency for case in together]
    assert [tuple(one['malignant'].shape) for one in maps] == sizes and list(maps[0]) == ['benign', 'malignant']
    torch.testing.assert_close(maps[1]['benign'], alone[0].views[0].pred_saliency['benign'], rtol=1e-4, atol=1e-5)
    assert len(together[0].views[0].pred_instances) and 'pred_malignancy' not in together[0]


def test_findings_without_masks_are_refused():
    cases = make_masked(['benign'])
    del cases[0].views[0].gt_instances.masks
    with pytest.raises(ValueError, match='masks=True'):
        make_segmenter().loss(make_images([0]), cases)


@pytest.mark.parametrize('wrong', [dict(dice_weight=-1), dict(dice_smooth=0), dict(label_names=[])])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match='out of range'):
        make_segmenter(**wrong)


def test_mode_is_known():
    with pytest.raises(ValueError, match='tensor, loss or predict'):
        make_segmenter()(make_images([0]), mode='train')
