"""Greedy selection against algorithm 1 taken literally, and patches cut out and laid back."""

from __future__ import annotations

import pytest
import torch

from mammo_plugins.models.layers.patch_selection import cut_patches, first_true, lay_patches, sum_windows
from tests.models.small_models import build
from tests.references.weak_localisation import select_patches

CELL = 4


def greedy(height, width, **changes):
    return build(dict(type='GreedyPatchSelection', patch_size=(height, width), **changes))


def maps_with_ties(count, classes, shape, seed):
    """Maps of few grey levels, so that many windows hold the same; some are constant, some nearly empty."""
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(2, 8, (count, 1, 1, 1), generator=generator)
    maps = torch.rand(count, classes, *shape, generator=generator).mul(levels).floor() / levels
    maps[::17] = 0.3
    maps[5::17, :, 2:] = 0
    return maps


@pytest.mark.parametrize(
    ('classes', 'shape', 'window', 'seed'),
    [(1, (9, 7), (3, 3), 0), (2, (12, 8), (4, 3), 1), (2, (6, 11), (2, 5), 2), (3, (8, 8), (1, 1), 3)],
)
def test_selection_is_that_of_the_literal_algorithm_on_1000_maps_with_ties(classes, shape, window, seed):
    maps = maps_with_ties(250, classes, shape, seed)
    image_shape = CELL * shape[0], CELL * shape[1]
    patch_size = CELL * window[0], CELL * window[1]
    found = greedy(*patch_size)(maps, image_shape, 4)
    expected = [select_patches(one, image_shape, patch_size, 4) for one in maps]
    assert found.tolist() == [[list(origin) for origin in origins] for origins in expected]


def test_maps_without_ties_are_selected_alike_in_a_batch_and_alone():
    maps = torch.rand(20, 2, 23, 15, generator=torch.Generator().manual_seed(7))
    select = greedy(8 * 16, 5 * 16)
    together = select(maps, (23 * 16, 15 * 16), 6)
    for one, origins in zip(maps, together):
        assert torch.equal(select(one[None], (23 * 16, 15 * 16), 6)[0], origins)
        assert select_patches(one, (368, 240), (128, 80), 6) == [tuple(o) for o in origins.tolist()]


def test_window_of_the_paper_is_32_by_32_cells_of_16_pixels():
    saliency = torch.zeros(1, 2, 184, 120)
    saliency[0, 1, -1, -1] = 1
    saliency[0, 0, 50, 60] = 0.2
    select = greedy(512, 512)
    assert select.window_cells((184, 120), (2944, 1920)) == (32, 32)
    first, second = select(saliency, (2944, 1920), 2)[0].tolist()
    assert first == [(50 - 31) * 16, (60 - 31) * 16]  # both classes weigh alike; the first window that has it
    assert second == [2432, 1408]


@pytest.mark.parametrize('value', [0.0, 0.25, 1.0])
def test_constant_map_gives_the_first_window_and_no_nan(value):
    assert greedy(8, 8)(torch.full((2, 2, 6, 6), value), (24, 24), 3).tolist() == [[[0, 0]] * 3] * 2


def test_rounding_decides_no_tie():
    saliency = torch.zeros(1, 1, 4, 4)
    saliency[0, 0, 0, 0], saliency[0, 0, 3, 3] = 1 - 1e-7, 1.0
    assert greedy(4, 4)(saliency, (16, 16), 1).tolist() == [[[0, 0]]]
    assert greedy(4, 4, tie_tolerance=0.0)(saliency, (16, 16), 1).tolist() == [[[12, 12]]]


def test_taken_cells_count_no_more():
    saliency = torch.tensor([[[[0.0, 0.9, 1.0, 0.8, 0.0, 0.7, 0.0]]]])
    found = greedy(4, 8)(saliency, (4, 28), 3)[0, :, 1].tolist()
    assert found == [4, 8, 16]  # 0.9 + 1.0, then the 0.8 at the first place, then the 0.7


@pytest.mark.parametrize(('patch_size', 'image_shape'), [((8, 8), (24, 25)), ((6, 8), (24, 24)), ((8, 28), (24, 24))])
def test_patches_that_do_not_fit_are_refused(patch_size, image_shape):
    with pytest.raises(ValueError, match='do not fit an image'):
        greedy(*patch_size)(torch.zeros(1, 1, 6, 6), image_shape, 1)
    with pytest.raises(ValueError, match='do not fit an image'):
        build(dict(type='RandomPatchSelection', patch_size=patch_size))(torch.zeros(1, 1, 6, 6), image_shape, 1)


def test_patch_size_is_checked():
    with pytest.raises(ValueError, match=r'in pixels, got \(0, 4\)'):
        greedy(0, 4)


def test_random_patches_are_everywhere_and_follow_the_seed():
    select = build(dict(type='RandomPatchSelection', patch_size=(8, 8)))
    saliency = torch.rand(50, 2, 6, 5)
    torch.manual_seed(0)
    found = select(saliency, (24, 20), 40)
    torch.manual_seed(0)
    assert torch.equal(found, select(torch.zeros(50, 2, 6, 5), (24, 20), 40))  # whatever the map says
    rows, columns = found.unbind(-1)
    assert sorted(set(rows.flatten().tolist())) == [0, 4, 8, 12, 16]
    assert sorted(set(columns.flatten().tolist())) == [0, 4, 8, 12]


def test_sums_of_windows_are_those_of_scikit_image():
    transform = pytest.importorskip('skimage.transform', reason='scikit-image is not installed: pip install .[test]')
    values = torch.rand(2, 9, 7, dtype=torch.float64)
    sums = sum_windows(values, (4, 3))
    assert sums.shape == (2, 6, 5)
    for one, of_image in zip(values.numpy(), sums):
        integral = transform.integral_image(one)
        for row in range(6):
            for column in range(5):
                expected = transform.integrate(integral, (row, column), (row + 3, column + 2))[0]
                assert float(of_image[row, column]) == pytest.approx(expected, abs=1e-12)


def test_first_true_is_the_first_row_by_row():
    mask = torch.zeros(2, 3, 4, dtype=torch.bool)
    mask[0, 1, 3] = mask[0, 2, 0] = mask[1, 2, 2] = True
    rows, columns = first_true(mask)
    assert rows.tolist() == [1, 2] and columns.tolist() == [3, 2]


def test_patches_are_cut_where_they_say():
    images = torch.arange(2 * 1 * 6 * 5.0).reshape(2, 1, 6, 5)
    origins = torch.tensor([[[0, 0], [3, 1]], [[2, 2], [0, 2]]])
    patches = cut_patches(images, origins, (2, 3))
    assert patches.shape == (2, 2, 1, 2, 3)
    for image in range(2):
        for index, (row, column) in enumerate(origins[image].tolist()):
            assert torch.equal(patches[image, index], images[image, :, row : row + 2, column : column + 3])


def test_patches_laid_back_overwrite_earlier_ones_and_leave_zero_elsewhere():
    maps = torch.stack([torch.full((1, 2, 2, 2), 1.0), torch.full((1, 2, 2, 2), 2.0)], dim=1).requires_grad_()
    whole = lay_patches(maps, torch.tensor([[[0, 0], [1, 1]]]), (3, 4))
    assert whole[0, 0].tolist() == [[1, 1, 0, 0], [1, 2, 2, 0], [0, 2, 2, 0]]
    whole.sum().backward()
    assert maps.grad[0, 1].eq(1).all() and maps.grad[0, 0, 0].tolist() == [[1, 1], [1, 0]]
