"""Tumours blended into normal pairs."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.datasets.breast_region import find_breast_mask
from mammo_plugins.datasets.synthesis import TumourBank, TumourRecord, write_bank
from mammo_plugins.datasets.transforms import InsertTumours
from mammo_plugins.datasets.transforms.tumour_synthesis import alpha_window, blend
from tests.references import disasymnet as reference

SIZE = (200, 130)


@pytest.fixture(name='bank')
def bank_fixture(tmp_path):
    """A white tumour of 20 x 12 mm and a grey one of 9 x 9 mm."""
    tumours = [
        (TumourRecord('0.png', 'T1', 'U1', 20.0, 12.0, 'malignant'), np.ones((40, 24), np.float32)),
        (TumourRecord('1.png', 'T2', 'U2', 9.0, 9.0, 'benign'), np.full((18, 18), 0.5, np.float32)),
    ]
    write_bank(tmp_path / 'bank', tumours, dict(annotations='others.json'))
    return TumourBank(tmp_path / 'bank')


@pytest.fixture(name='pair')
def pair_fixture(make_view, breast):
    def make(labels=(0.0, 0.0), seed=0, **changes):
        views = [
            make_view(
                breast(*SIZE)[None] * 0.5, modality='FFDM', view=name, spacing_mm=(1.0, 1.0), gt_labels={'abnormal': y}
            )
            for name, y in zip(('R-CC', 'L-CC'), labels)
        ]
        return dict(views=views, patient_id='P1', study_uid='S1', group_by='bilateral',
                    rng=np.random.default_rng(seed)) | changes  # fmt: skip

    return make


@pytest.mark.parametrize('over', [True, False])
def test_blending_is_the_papers(over):
    rng = np.random.default_rng(0)
    image, *rest = rng.uniform(0, 0.3, (7, 6, 5)).astype(np.float32)
    tumours, alphas = rest[:3], rest[3:]
    found = blend(image, list(zip(tumours, alphas)), 'over' if over else 'literal')
    expected = reference.blended(image.tolist(), [t.tolist() for t in tumours], [a.tolist() for a in alphas], over)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_both_blendings_are_one_for_tumours_apart():
    image = np.full((8, 8), 0.2, np.float32)
    alphas = np.zeros((2, 8, 8), np.float32)
    alphas[0, :3, :3], alphas[1, 5:, 5:] = 0.7, 0.9
    placed = [(np.full((8, 8), value, np.float32), alpha) for value, alpha in zip((0.9, 0.6), alphas)]
    np.testing.assert_allclose(blend(image, placed), blend(image, placed, 'literal'), atol=1e-7)


def test_bright_tumours_on_one_place_stay_below_one_only_when_laid_over():
    image = np.full((1, 1), 0.3, np.float32)
    placed = [(np.full((1, 1), 0.9, np.float32), np.full((1, 1), 0.9, np.float32))] * 3
    assert blend(image, placed)[0, 0] == pytest.approx(0.9, abs=1e-3)
    sum_of_three = reference.blended([[0.3]], [[[0.9]]] * 3, [[[0.9]]] * 3, over=False)[0][0]
    assert sum_of_three > 2.4 and blend(image, placed, 'literal')[0, 0] == 1


@pytest.mark.parametrize(('height', 'width'), [(3, 3), (40, 24), (41, 9)])
def test_opacity_has_no_box(height, width):
    alpha = alpha_window(height, width)
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert np.abs(border).max() < 1e-6 and 0.9 < alpha.max() <= 1
    np.testing.assert_allclose(alpha, alpha[::-1, ::-1], atol=1e-6)


def test_largest_jump_lies_inside_of_a_tumour_and_not_at_its_edge():
    """A white patch of 40 x 40 pixels on black: a Gaussian that is cut off at its edge would jump by 0.135."""
    image = np.zeros((80, 80), np.float32)
    tumour, alpha = np.zeros_like(image), np.zeros_like(image)
    tumour[20:60, 20:60], alpha[20:60, 20:60] = 1, alpha_window(40, 40)
    jumps = np.abs(np.diff(blend(image, [(tumour, alpha)]), axis=1))
    assert jumps[:, 19].max() < 1e-6 and jumps[:, 20].max() < 0.04
    assert jumps.max() < 0.08 and 22 < np.unravel_index(jumps.argmax(), jumps.shape)[1] < 57


def test_normal_pair_gets_a_counterpart_on_one_side_or_both(bank, pair):
    sides = []
    for seed in range(40):
        results = InsertTumours(bank)(pair(seed=seed))
        changed = []
        for view in results['views']:
            np.testing.assert_array_equal(view['img'], pair()['views'][0]['img'])
            difference = np.abs(view['img_synthetic'] - view['img'])[0]
            changed.append(bool(difference.any()))
            assert view['img_synthetic'].shape == view['img'].shape and view['img_synthetic'].max() <= 1
            assert not difference[~find_breast_mask(view['img'][0])].any(), 'tumours lie in the breast as a whole'
        sides.append(tuple(changed))
    assert {*sides} == {(True, False), (False, True), (True, True)}
    assert min(sides.count(kind) for kind in {*sides}) > 5


def test_number_and_size_of_tumours(bank, pair):
    transform, counts = InsertTumours(bank), []
    for seed in range(60):
        view = pair()['views'][0]
        placed = transform._place_tumours(np.random.default_rng(seed), view)
        counts.append(len(placed))
        for _, alpha in placed:
            rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
            size = (np.ptp(rows) + 3, np.ptp(columns) + 3)  # the outermost pixels have an opacity of 0
            assert size in {(20, 12), (9, 9)}
    assert {*counts} == {1, 2, 3} and min(counts.count(n) for n in (1, 2, 3)) > 8
    assert {len(InsertTumours(bank, most=1)._place_tumours(np.random.default_rng(s), view)) for s in range(9)} == {1}


def test_tumours_shrink_with_the_image(bank, pair):
    view = pair()['views'][0]
    view['homography_matrix'] = np.diag([0.5, 0.5, 1.0])
    (_, alpha), *_ = InsertTumours(bank)._place_tumours(np.random.default_rng(1), view)
    assert np.ptp(np.flatnonzero(alpha.any(1))) < 10


@pytest.mark.parametrize('labels', [(1.0, 0.0), (0.0, float('nan')), (1.0, 1.0)])
def test_pair_that_is_not_known_to_be_normal_passes(bank, pair, labels):
    assert all('img_synthetic' not in view for view in InsertTumours(bank)(pair(labels))['views'])


def test_same_draw_gives_the_same_pair(bank, pair):
    one, other = (InsertTumours(bank)(pair(seed=7)) for _ in range(2))
    for view, twin in zip(one['views'], other['views']):
        np.testing.assert_array_equal(view['img_synthetic'], twin['img_synthetic'])


@pytest.mark.parametrize('shared', [dict(patient_id='T1'), dict(study_uid='U2')])
def test_patient_of_the_bank_is_refused(bank, pair, shared):
    with pytest.raises(ValueError, match='is in the bank of tumours'):
        InsertTumours(bank)(pair(**shared))
    others = TumourBank(bank.folder, shared_ids_are_others=True)
    assert 'img_synthetic' in InsertTumours(others)(pair(**shared))['views'][0]


def test_what_cannot_be_done_is_said(bank, pair, tmp_path):
    with pytest.raises(ValueError, match='blending is one of over, literal'):
        InsertTumours(bank, blending='add')
    with pytest.raises(FileNotFoundError, match=r'mammo tumour-bank ANN\.json'):
        InsertTumours(dict(type='TumourBank', folder=tmp_path / 'none'))
    results = pair()
    for view in results['views']:
        view['spacing_mm'] = None
    with pytest.raises(ValueError, match='give InsertTumours pixel_mm'):
        InsertTumours(bank)(results)
    assert 'img_synthetic' in InsertTumours(bank, pixel_mm=1.0)(results)['views'][0]
    del results['rng']
    with pytest.raises(ValueError, match='training data set'):
        InsertTumours(bank)(results)


def test_bank_gives_back_what_was_put_in(bank):
    assert len(bank) == 2 and bank.read(0).min() == 1
    np.testing.assert_allclose(bank.read(1), 0.5, atol=1e-4)
