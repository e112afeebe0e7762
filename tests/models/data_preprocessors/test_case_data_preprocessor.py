import pytest
import torch

from tests.models.small_cases import SmallView, make_cases
from tests.models.small_models import build

SIZES = [(40, 30), (20, 50), (33, 10)]
BREASTS = [[SmallView(2, image_size=SIZES[0]), SmallView(1, image_size=SIZES[1])], [SmallView(3, image_size=SIZES[2])]]


def preprocess(volumes=None, **arguments):
    arguments = dict(mean=0.5, std=0.25, num_channels=1, pad_size_divisor=32) | arguments
    module = build(dict(type='CaseDataPreprocessor', **arguments))
    volumes = random_volumes() if volumes is None else volumes
    return module(dict(inputs=volumes, data_samples=make_cases(BREASTS)))


def random_volumes():
    return [[torch.rand(view.num_slices, 1, *view.image_size) for view in views] for views in BREASTS]


def test_slices_of_all_views_are_stacked_in_order():
    volumes = random_volumes()
    inputs = preprocess(volumes)['inputs']
    assert inputs.shape == (6, 1, 64, 64)
    start = 0
    for volume in (volume for case in volumes for volume in case):
        num_slices, _, height, width = volume.shape
        image = inputs[start : start + num_slices, :, :height, :width]
        torch.testing.assert_close(image, (volume - 0.5) / 0.25)
        start += num_slices


def test_padding_looks_like_air():
    inputs = preprocess()['inputs']
    assert (inputs[0, :, 40:] == -2).all() and (inputs[0, :, :, 30:] == -2).all()


def test_size_is_the_next_multiple_that_holds_every_image():
    assert preprocess(pad_size_divisor=1)['inputs'].shape[2:] == (40, 50)
    assert preprocess(pad_size_divisor=16)['inputs'].shape[2:] == (48, 64)


def test_grey_image_is_repeated_over_channels():
    inputs = preprocess(num_channels=3)['inputs']
    assert inputs.shape[1] == 3 and torch.equal(inputs[:, 0], inputs[:, 2])


def test_samples_learn_the_padded_size_and_keep_their_own():
    cases = preprocess()['data_samples']
    views = [view for case in cases for view in case.views]
    assert [view.batch_input_shape for view in views] == [(64, 64)] * 3
    assert [view.pad_shape for view in views] == [(64, 64)] * 3
    assert [view.img_shape for view in views] == SIZES


def test_input_volumes_are_left_alone():
    volumes = random_volumes()
    before = [[volume.clone() for volume in case] for case in volumes]
    preprocess(volumes)
    assert all(torch.equal(a, b) for x, y in zip(volumes, before) for a, b in zip(x, y))


def test_breasts_without_findings_pass():
    cases = preprocess()['data_samples']
    assert [len(view.gt_instances) for case in cases for view in case.views] == [0, 0, 0]


def test_integers_are_taken_as_intensities():
    volumes = [[torch.ones(view.num_slices, 1, *view.image_size, dtype=torch.uint8) for view in v] for v in BREASTS]
    assert float(preprocess(volumes)['inputs'].max()) == 2.0


@pytest.mark.parametrize('std', [0, -1.0])
def test_spread_must_be_positive(std):
    with pytest.raises(ValueError, match=f'std must be positive, got {std}'):
        preprocess(std=std)


def test_volume_of_another_slice_count_than_its_sample_is_named():
    volumes = random_volumes()
    volumes[0][0], volumes[0][1] = volumes[0][1], volumes[0][0]  # the total is right
    with pytest.raises(ValueError, match=r'image 0 \(L-CC\) has 1 slices where its sample says 2'):
        preprocess(volumes)


def test_missing_volume_is_counted():
    with pytest.raises(ValueError, match='2 volumes for 3 views'):
        preprocess(random_volumes()[:1])
