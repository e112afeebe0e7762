"""A bank of small generators: on line or kept, the same; and what happens when a file changes."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest
import torch
from mmdet.registry import TASK_UTILS

from mammo_plugins.datasets.grey_values import from_grey_values, to_grey_values
from mammo_plugins.datasets.styles import GeneratorStyles, read_styles, translate_image, write_styles
from mammo_plugins.datasets.styles.style_folder import file_of
from mammo_plugins.datasets.transforms import RandomStyle
from mammo_plugins.io.volume_cache import BrokenVolumeError
from mammo_plugins.registration import models

ResNetGenerator = models.translation.ResNetGenerator
NETWORK = dict(width=2, blocks=1)
STYLES = {'A': ['Vendor A', 'Vendor A2'], 'B': ['Vendor B'], 'C': ['Vendor C']}


def write_bank(folder, styles=None, seed=0):
    torch.manual_seed(seed)
    styles = styles or STYLES
    pairs = list(permutations(styles, 2))
    return write_styles(
        folder,
        styles,
        {pair: ResNetGenerator(**NETWORK).state_dict() for pair in pairs},
        network=dict(type='mmdet.ResNetGenerator', **NETWORK),
        window=(0.0, 1.0),
        loading=[],
        sources=dict.fromkeys(pairs, 'x/iter_1.pth'),
    )


@pytest.fixture
def folder(tmp_path):
    write_bank(tmp_path / 'bank')
    return tmp_path / 'bank'


@pytest.fixture
def view(make_view, breast):
    img = from_grey_values(to_grey_values(breast(61, 43)[None]))
    return make_view(img, modality='FFDM', manufacturer='Vendor A2')


def files(folder):
    return sorted((folder / 'translated').rglob('*.b2nd'))


def test_a_view_is_shown_as_its_generators_make_it(folder, view):
    bank = TASK_UTILS.build(dict(type='mmdet.GeneratorStyles', folder=folder, keep=False))
    assert bank.styles(view) == ['A', 'B', 'C']
    assert bank.show(view, 'A') is view['img']
    for style in 'BC':
        generator = ResNetGenerator(**NETWORK)
        generator.load_state_dict(torch.load(file_of(folder, 'A', style))['state_dict'])
        expected = translate_image(generator, view['img'], bank.learned.intensity_window)
        shown = bank.show(view, style)
        assert shown.dtype == np.float32 and np.abs(shown - expected).max() < 0.6 / 65535
        assert np.abs(shown - view['img']).max() > 0.01
    assert not (folder / 'translated').exists()


def test_kept_and_on_line_are_the_same_and_kept_is_made_once(folder, view, monkeypatch):
    on_line = GeneratorStyles(folder, keep=False).show(view, 'B')
    bank = GeneratorStyles(folder)
    assert np.array_equal(bank.show(view, 'B'), on_line) and len(files(folder)) == 1
    assert bank.prepare(view) == (1, 1) and bank.prepare(view) == (0, 2)
    again = GeneratorStyles(folder)
    monkeypatch.setattr(again, 'generator', None)  # not called
    assert np.array_equal(again.show(view, 'B'), on_line)


def test_another_image_or_another_generator_is_made_anew(folder, view):
    GeneratorStyles(folder).prepare(view)
    brighter = {**view, 'img': from_grey_values(to_grey_values(view['img'] * np.float32(0.999)))}
    assert GeneratorStyles(folder).prepare(brighter) == (2, 0)
    write_bank(folder, seed=1)
    bank = GeneratorStyles(folder)
    assert bank.prepare(view) == (2, 0) and len(files(folder)) == 6


def test_damaged_image_is_an_error_and_verifying_makes_it_again(folder, view):
    bank = GeneratorStyles(folder)
    before = bank.show(view, 'B')
    (path,) = files(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenVolumeError, match='has changed since it was stored'):
        GeneratorStyles(folder).show(view, 'B')
    assert bank.prepare(view) == (1, 1) and bank.prepare(view, verify=True) == (1, 1)
    assert np.array_equal(GeneratorStyles(folder).show(view, 'B'), before)


def test_generator_that_was_exchanged_is_refused(folder, view):
    torch.save({'state_dict': ResNetGenerator(**NETWORK).state_dict()}, file_of(folder, 'A', 'B'))
    with pytest.raises(ValueError, match=r'A_to_B\.pth has changed since it was gathered'):
        GeneratorStyles(folder).show(view, 'B')


def test_blends_of_the_bank_are_equation_2(folder, view):
    bank = GeneratorStyles(folder)
    shown = {style: bank.show(view, style) for style in 'ABC'}
    transform, seen = RandomStyle(bank), set()
    for seed in range(12):
        one = dict(view)
        shares = transform.sample_parameters(np.random.default_rng(seed), one)['shares']
        transform.apply(one, shares)
        expected = sum(share * shown[style].astype(np.float64) for style, share in shares.items())
        np.testing.assert_allclose(one['img'], expected, atol=1e-6)
        seen.add(one['style'])
    assert len(seen) > 8


def test_what_the_bank_does_not_know_is_refused(folder, view, tmp_path):
    bank = GeneratorStyles(folder)
    with pytest.raises(ValueError, match=r"breast\.png: manufacturer 'Vendor Z' has no style, there are A: Vendor A,"):
        bank.styles({**view, 'manufacturer': 'Vendor Z'})
    with pytest.raises(ValueError, match="no style 'Z' in"):
        bank.show(view, 'Z')
    with pytest.raises(ValueError, match=r'breast\.png: no breast found'):
        bank.show({**view, 'img': np.zeros((1, 30, 30), np.float32)}, 'B')
    with pytest.raises(ValueError, match='nothing to prepare'):
        GeneratorStyles(folder, keep=False).prepare(view)
    with pytest.raises(FileNotFoundError, match=r'styles\.json does not exist: train projects/msvcl/styles_plan\.py'):
        GeneratorStyles(tmp_path / 'none')


def test_every_direction_is_needed(tmp_path):
    state = ResNetGenerator(**NETWORK).state_dict()
    with pytest.raises(ValueError, match='no generator for B_to_A'):
        write_styles(
            tmp_path,
            {'A': ['x'], 'B': ['y']},
            {('A', 'B'): state},
            network=NETWORK,
            window=(0, 1),
            loading=[],
            sources={},
        )
    assert not (tmp_path / 'styles.json').exists()


def test_folder_of_another_version_is_refused(folder):
    content = json.loads((folder / 'styles.json').read_text())
    (folder / 'styles.json').write_text(json.dumps({**content, 'version': 0}))
    with pytest.raises(ValueError, match='of another version'):
        read_styles(folder)
