"""The recipe against the whole volume in memory, and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.datasets.synthesis import kernel_planes, mammogram_from_slices, measure_slices
from tests.references.volume_synthesis import kernel, synthetic_mammogram


def streamed(volume: np.ndarray) -> np.ndarray:
    scale = measure_slices(iter(volume)).grey_scale()
    return mammogram_from_slices(iter(volume), len(volume), scale)


def breast_like(shape: tuple[int, int, int], seed: int = 0, air: float = 0.0) -> np.ndarray:
    """(S, H, W) float32: tissue of several levels, a bright speck, and air on the right."""
    rng = np.random.default_rng(seed)
    volume = rng.uniform(0.2, 0.6, shape)
    volume[len(volume) // 2, 3, 3] = 1.0
    volume[..., shape[2] // 2 :] = air
    return volume.astype(np.float32)


def test_kernel_has_the_voxels_and_the_sum_of_the_recipe():
    planes = kernel_planes()
    whole = np.concatenate([planes[:0:-1], planes])
    assert np.count_nonzero(whole > 0) == 251 and np.count_nonzero(whole < 0) == 234
    assert whole.sum() == pytest.approx(1, abs=1e-6)
    assert np.allclose(whole, kernel(), atol=1e-9)


@pytest.mark.parametrize('num_slices', [1, 2, 4, 5, 9, 13])
@pytest.mark.parametrize('air', [0.0, 0.15])
def test_streamed_result_is_that_of_the_whole_volume(num_slices, air):
    volume = breast_like((num_slices, 24, 30), seed=num_slices, air=air)
    assert np.abs(streamed(volume) - synthetic_mammogram(volume)).max() < 1e-5


def test_values_below_mean_minus_two_deviations_become_zero():
    volume = np.full((5, 20, 20), 0.5, np.float32)
    volume[:, 15:, 15:] = np.linspace(0.5, 0.6, 25, dtype=np.float32).reshape(5, 5)
    volume[2, 4, 4] = 0.1  # far below, so the scale begins at 0 and not at 0.1
    scale = measure_slices(iter(volume)).grey_scale()
    assert scale.floor == 0 and scale.apply(volume[2])[4, 4] == 0
    assert np.abs(streamed(volume) - synthetic_mammogram(volume)).max() < 1e-5


def test_even_tissue_keeps_its_value_up_to_every_border():
    """Half air, half tissue of 0.5: mean and SD are 0.25, the scale ends at 0.5, and tissue far from the air is 1."""
    volume = np.zeros((3, 40, 40), np.float32)
    volume[..., :20] = 0.5
    result = streamed(volume)
    assert np.allclose(result[:, :16], 1, atol=1e-6)
    assert (result[:, 24:] == 0).all()


def test_speck_gives_the_middle_of_the_kernel_in_its_own_slice_and_the_shell_nowhere():
    """One bright voxel: each slice shows a plane of the kernel around it, and the brightest plane wins."""
    volume = np.zeros((15, 31, 31), np.float32)
    volume[7, 15, 15] = 1.0
    result = streamed(volume)  # scaled to 1 whatever the clipping
    assert result[15, 15] == pytest.approx(2 / 251, abs=1e-7)
    assert result[15, 18] == pytest.approx(2 / 251, abs=1e-7)  # 9 < 16: in the ball
    assert result[15, 19] == pytest.approx(0, abs=1e-7)  # in the shell, but other slices show nothing there
    assert result.min() == 0


def test_constant_volume_gives_zeros():
    for level in (0.0, 0.1, 1.0):
        volume = np.full((6, 20, 20), level, np.float32)
        assert measure_slices(iter(volume)).is_constant
        assert (streamed(volume) == 0).all()


def test_statistics_are_those_of_all_voxels_at_once():
    volume = np.random.default_rng(3).uniform(0, 1, (7, 30, 20)).astype(np.float32)
    volume[3] *= 0.01
    found = measure_slices(iter(volume))
    exact = volume.astype(np.float64)
    assert found.num_slices == 7
    assert found.mean == pytest.approx(exact.mean(), rel=1e-12)
    assert found.standard_deviation == pytest.approx(exact.std(), rel=1e-9)
    assert (found.minimum, found.maximum) == (volume.min(), volume.max())


def test_nine_slices_are_kept_and_no_more():
    alive, most = set(), 0

    class Slice(np.ndarray):
        def __del__(self):
            alive.discard(id(self))

    def slices():
        nonlocal most
        for index in range(40):
            pixels = np.full((20, 20), index / 40, np.float32).view(Slice)
            alive.add(id(pixels))
            yield pixels
            most = max(most, len(alive))

    class Scale:
        def apply(self, values):
            return values

    mammogram_from_slices(slices(), 40, Scale())
    assert 9 <= most <= 11


def test_missing_slices_and_none_are_errors():
    volume = breast_like((6, 20, 20))
    scale = measure_slices(iter(volume)).grey_scale()
    with pytest.raises(ValueError, match='6 slices came of a volume of 8'):
        mammogram_from_slices(iter(volume), 8, scale)
    with pytest.raises(ValueError, match='without slices'):
        measure_slices(iter([]))
    with pytest.raises(ValueError, match='without slices'):
        mammogram_from_slices(iter([]), 0, scale)
