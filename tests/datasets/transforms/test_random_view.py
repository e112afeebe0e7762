import numpy as np
import pytest

from mammo_plugins.datasets.transforms import RandomFlipViews, RandomIntensity, RandomShiftScale

TRANSFORMS = [RandomFlipViews(), RandomIntensity(), RandomShiftScale()]


@pytest.mark.parametrize('transform', TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_same_generator_gives_the_same_view(make_view, transform):
    img = np.random.default_rng(0).random((2, 20, 16))
    results = [
        transform(dict(rng=np.random.default_rng(seed), views=[make_view(img), make_view(img)])) for seed in (7, 7, 8)
    ]
    first, again, other = ([view['img'] for view in result['views']] for result in results)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other) or isinstance(transform, RandomFlipViews)


@pytest.mark.parametrize('transform', TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_missing_generator_is_explained(make_view, transform):
    with pytest.raises(ValueError, match='belongs in the pipeline of a training data set'):
        transform(dict(views=[make_view(np.zeros((1, 4, 4)))]))
