"""Several folders of styles as one bank."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS

import mammo_plugins.registration  # noqa: F401
from mammo_plugins.datasets.styles import GeneratorStyles, JoinedStyles, write_styles
from mammo_plugins.datasets.transforms import RandomStyle, ShowStyle

NETWORK = dict(type='ResNetGenerator', channels=1, width=2, blocks=1)
STYLES = {'A': ['A'], 'B': ['B'], 'C': ['C']}


def write(folder, seed, styles):
    torch.manual_seed(seed)
    weights = {pair: MODELS.build(dict(NETWORK)).state_dict() for pair in permutations(styles, 2)}
    settings = dict(network=NETWORK, window=(0.0, 1.0), loading=[], sources=dict.fromkeys(weights, 'x'))
    write_styles(folder, styles, weights, **settings)
    return folder


@pytest.fixture(scope='module', name='folders')
def folders_fixture(tmp_path_factory):
    root = tmp_path_factory.mktemp('banks')
    return {name: write(root / name, seed, STYLES) for seed, name in enumerate(('CP', 'R'))}


def view(maker='B'):
    img = np.random.default_rng(0).uniform(0.2, 0.8, (1, 32, 24)).astype(np.float32)
    img[:, :, 18:] = 0
    return {'img': img, 'manufacturer': maker, 'img_path': 'x'}


def test_own_style_once_and_every_other_of_each_folder(folders):
    bank = TASK_UTILS.build(dict(type='JoinedStyles', folders=folders))
    assert bank.styles(view()) == ['B', 'CP-A', 'CP-C', 'R-A', 'R-C']
    image = view()
    assert bank.show(image, 'B') is image['img']
    for name, folder in folders.items():
        alone = GeneratorStyles(folder / 'styles.json', keep=False).show(view(), 'C')
        np.testing.assert_array_equal(bank.show(view(), f'{name}-C'), alone)
    assert not np.array_equal(bank.show(view(), 'CP-C'), bank.show(view(), 'R-C'))


def test_styles_that_are_not_there_and_folders_of_other_styles_are_refused(folders, tmp_path):
    bank = JoinedStyles(folders, keep=False)
    for style in ('C', 'CP-B', 'CPR-A'):
        with pytest.raises(ValueError, match=f'no style {style!r}'):
            bank.show(view(), style)
    other = write(tmp_path / 'other', 0, {'A': ['A'], 'B': ['B']})
    with pytest.raises(ValueError, match='folders of the same styles'):
        JoinedStyles({**folders, 'CPR': other})


def test_one_style_or_a_random_one_of_them_is_shown(folders):
    bank = JoinedStyles(folders, keep=False)
    (shown,) = ShowStyle('R-A', bank)({'views': [view()]})['views']
    np.testing.assert_array_equal(shown['img'], bank.show(view(), 'R-A'))
    assert shown['style'] == 'R-A'
    case = {'views': [view() for _ in range(40)], 'rng': np.random.default_rng(0)}
    drawn = {one['style'] for one in RandomStyle(bank, blend=False)(case)['views']}
    assert drawn == set(bank.styles(view()))
