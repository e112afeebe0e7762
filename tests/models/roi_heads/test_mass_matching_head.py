"""The matching head: which pairs count, what the geometry is, where gradients go."""

import numpy as np
import pytest
import torch

from mammo_plugins.models.roi_heads.mass_matching_head import box_geometry, label_pairs
from mammo_plugins.structures.geometry import scale_homography
from tests.models.matching_cases import HEAD, make_breasts
from tests.models.small_models import build

BOX = [10.0, 20.0, 18.0, 28.0]


def view_of(*boxes, position=0):
    found = [(box, 'a') for box in boxes]
    return make_breasts([found, found])[0].views[position]


def test_pairs_of_the_paper():
    """Case by case: same mass; two masses; a false positive; no id on one side; two breasts."""
    cc = [(0, 'a'), (0, 'b'), (0, None), (0, ''), (1, 'a')]
    mlo = [(0, 'a'), (0, None), (0, '')]
    labelled = {(i, j): y for i, j, y in zip(*label_pairs(cc, mlo), strict=True)}
    assert labelled == {
        (0, 0): 1, (1, 0): 0, (2, 0): 0, (4, 0): 0,
        (0, 1): 0, (1, 1): 0, (2, 1): 0, (3, 1): 0, (4, 1): 0,
        (2, 2): 0, (4, 2): 0,
    }  # fmt: skip
    assert not any(i == 4 for i, _, _ in zip(*label_pairs(cc, mlo, across_breasts=False)))
    assert label_pairs([], mlo) == ([], [], [])


def test_geometry_by_hand():
    # CC: wall x = 0, nipple (40, 32), extent 40; the box's middle is (14, 24), its side 8.
    (numbers,) = box_geometry(torch.tensor([BOX]), view_of(BOX)).tolist()
    assert numbers == pytest.approx([np.hypot(26, 8) / 40, 14 / 40, 8 / 40])


def test_geometry_is_that_of_the_stored_image_in_mm():
    view = view_of(BOX)
    view.set_metainfo(dict(homography_matrix=np.array([[-2.0, 0, 96], [0, 2, 0], [0, 0, 1]]), spacing_mm=(1.0, 2.0)))
    mirrored = torch.tensor([[96 - 2 * 18.0, 40.0, 96 - 2 * 10.0, 56.0]])
    (numbers,) = box_geometry(mirrored, view).tolist()
    assert numbers == pytest.approx([np.hypot(52, 8) / 80, 28 / 80, np.sqrt(16 * 8) / 80])


def test_geometry_without_landmarks_says_what_to_do():
    (case,) = make_breasts([[], []], landmarks=False)
    with pytest.raises(ValueError, match='has no landmarks: put dict.type="LocateLandmarks"'):
        box_geometry(torch.tensor([BOX]), case.views[0])


@pytest.mark.parametrize(
    'seen', [dict(), dict(appearance=False), dict(geometry=False)], ids=['both', 'geometry', 'looks']
)
def test_gradients_reach_every_parameter_also_without_boxes(seen):
    head = build({**HEAD, **seen})
    features = [torch.randn(1, 16, 64 // stride, 48 // stride) for stride in (8, 16, 32)]
    cc = head.embed(features, torch.tensor([BOX, [0.0, 0, 40, 40]]), view_of(BOX))
    mlo = head.embed(features, torch.tensor([BOX]), view_of(BOX, position=1))
    assert cc.shape == (2, 8) and head.distances(cc, mlo).shape == (2, 1)
    head.loss((cc, mlo), ([(0, 'a'), (0, None)], [(0, 'a')])).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())
    none = head.embed(features, torch.zeros(0, 4), view_of(BOX))
    assert head.loss((none, mlo), ([], [(0, 'a')])).item() == 0


def test_flipped_image_and_box_have_the_same_geometry():
    view = view_of(BOX)
    flip = np.array([[-1.0, 0, 48], [0, 1, 0], [0, 0, 1]])
    expected = box_geometry(torch.tensor([BOX]), view)
    view.set_metainfo(dict(homography_matrix=scale_homography(3, 3) @ flip))
    flipped = torch.tensor([[3 * (48 - 18.0), 60, 3 * (48 - 10.0), 84]])
    torch.testing.assert_close(box_geometry(flipped, view), expected)


def test_embedding_that_sees_nothing_is_refused():
    with pytest.raises(ValueError, match='needs appearance, geometry or both'):
        build({**HEAD, 'appearance': False, 'geometry': False})
