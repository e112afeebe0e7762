"""The whole inference of GLAM and GMIC equals a slow transcription of the papers, on random weights."""

from __future__ import annotations

import pytest
import torch

from tests.models.released_weights import GLAM, GMIC, JOINT, glam_config, gmic_config, load_released, random_weights
from tests.models.small_models import build
from tests.references import weak_localisation as reference

COMBINE = 'global_network.postprocess_module.combine.weight'  # unused by the release itself


@pytest.fixture(scope='module', name='images')
def images_fixture():
    images = torch.randn(2, 1, 256, 192, generator=torch.Generator().manual_seed(3))
    return torch.nn.functional.avg_pool2d(images, 5, stride=1, padding=2) * 5


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('aggregation', ['AttendedPatches', 'ConcatenatedPatches'])
def test_glam_gives_what_the_paper_says(images, aggregation):
    model = build(glam_config(aggregation, test_patches=3)).eval()
    weights = random_weights(JOINT if aggregation == 'AttendedPatches' else GLAM)
    load_released(model, weights, (COMBINE,))
    found = model.look(images, 3)
    combined = model.saliency(found, images.shape[-2:])
    assert combined.shape == (2, 2, 64, 48)  # a quarter of the image
    for index, image in enumerate(images[:, 0]):
        said = reference.glam(image, weights, num_patches=3, patch_size=(64, 64))
        of_image = found.of_image
        for ours, theirs in zip(of_image.maps, said['S'], strict=True):
            assert_close(ours[index], theirs)
        assert_close(of_image.saliency[index], said['S_g'])
        assert_close(of_image.prediction[index], said['y_g'])
        assert_close(of_image.representation[index], said['z_g'])
        assert found.origins[index].tolist() == [list(origin) for origin in said['patches']]
        assert_close(found.patch_maps[index], torch.stack(said['A']))
        assert_close(combined[index], said['S_c'])
        pooled = 'y_l_attention' if aggregation == 'AttendedPatches' else 'y_l_concat'
        assert_close(found.of_patches.prediction[index], said[pooled])
        if aggregation == 'AttendedPatches':
            assert_close(found.fused[index], said['y_f'])
    assert of_image.saliency.std() > 0.01 and combined.std() > 0.01  # numbers that could differ


@torch.no_grad()
def test_gmic_gives_what_the_paper_says(images):
    model = build(gmic_config(test_patches=2)).eval()
    weights = random_weights(GMIC)
    load_released(model, weights)
    found = model.look(images, 2)
    for index, image in enumerate(images[:, 0]):
        said = reference.gmic(image, weights, num_patches=2, patch_size=(128, 128))
        assert_close(found.of_image.saliency[index], said['S_g'])
        assert_close(found.of_image.prediction[index], said['y_g'])
        assert found.origins[index].tolist() == [list(origin) for origin in said['patches']]
        assert_close(found.of_patches.prediction[index], said['y_l'])
        assert_close(found.fused[index], said['y_f'])
    assert torch.equal(model.saliency(found, images.shape[-2:]), found.of_image.saliency)
    assert torch.equal(model.probabilities(found), found.fused)
