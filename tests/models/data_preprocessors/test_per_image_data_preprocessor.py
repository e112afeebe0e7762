import pytest
import torch

from tests.models.small_cases import SmallView, make_cases
from tests.models.small_models import build

CASES = [[SmallView(1, image_size=(64, 128))], [SmallView(1, image_size=(50, 70))]]


def preprocess(volumes, **arguments):
    return build(dict(type='PerImageDataPreprocessor', **arguments))(
        dict(inputs=volumes, data_samples=make_cases(CASES))
    )


def test_every_image_has_mean_0_and_spread_1_without_what_the_batch_pads():
    volumes = [[0.2 + 0.1 * torch.rand(1, 1, 64, 128)], [0.6 + 0.3 * torch.rand(1, 1, 50, 70)]]
    inputs = preprocess(volumes)['inputs']
    assert inputs.shape == (2, 1, 64, 128)
    for image, ((volume,), height, width) in zip(inputs, [(volumes[0], 64, 128), (volumes[1], 50, 70)]):
        own = image[0, :height, :width]
        assert abs(float(own.mean())) < 1e-4 and float(own.std(unbiased=False)) == pytest.approx(1, abs=1e-4)
        air = (0 - volume.mean()) / volume.std(unbiased=False)
        torch.testing.assert_close(image[0, height:], air.expand_as(image[0, height:]))


def test_image_of_one_grey_is_zero():
    inputs = preprocess([[torch.full((1, 1, 64, 128), 0.25)], [torch.zeros(1, 1, 50, 70)]])['inputs']
    assert inputs.isfinite().all() and (inputs[0] == 0).all()


def test_spread_of_nothing_is_refused():
    with pytest.raises(ValueError, match='min_std must be positive, got 0'):
        build(dict(type='PerImageDataPreprocessor', min_std=0))
