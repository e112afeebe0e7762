"""Figs. 1 and 4 from the folder of a study with made maps, whose Dice is known."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.evaluation import ImageKey
from mammo_plugins.evaluation.image_names import image_key
from mammo_plugins.evaluation.saliency_files import SaliencyMap, write_index, write_map
from mammo_plugins.evaluation.saliency_truth import findings_of_class, truth_on_map
from mammo_plugins.io import read_annotations

SCRIPT = Path('projects/glam/figures.py')
HEIGHT, WIDTH = 96, 64
# Of the images with a malignant finding, in their order; a truth of n pixels at a level c has the Dice 2c / (1 + c^2).
LEVELS = {
    'cam': [0.1] * 4,
    'gmic': [0.25] * 4,
    'glam': [0.8, 0.2, 0.6, 0.4],
    'table2_global': [0.5] * 4,
    'table2_local': [0.0, 1.0, 0.4, 0.9],
}


def dice(level):
    return 2 * level / (1 + level**2)


@pytest.fixture(scope='module', name='figures')
def figures_fixture():
    spec = importlib.util.spec_from_file_location('glam_figures', SCRIPT)
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)  # its data classes look there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope='module', name='study')
def study_fixture(tmp_path_factory):
    """A folder of a study whose maps are the truth, weaker or stronger."""
    study = tmp_path_factory.mktemp('study')
    (study / 'study.json').write_text(json.dumps({'study': 'glam', 'preset': 'made'}))
    root = study / 'seed3'
    make_phantoms(root / 'phantoms', cases=6, seed=5, size=f'{HEIGHT}x{WIDTH}x12', split=(0.5, 0.2, 0.3), workers=1)
    convert_dataset('phantom', root / 'phantoms', root / 'phantoms.json')
    annotations = images_to_test(study)
    for row, levels in LEVELS.items():
        write_maps(root / 'predictions' / f'{row}-maps', annotations, levels)
    return study


def images_to_test(study):
    return read_annotations(study / 'seed3' / 'phantoms.json').select(modality='FFDM', split='test')


def truth_of(annotations, image, category):
    whole = SaliencyMap(image_key(image), category, '', (HEIGHT, WIDTH), (HEIGHT, WIDTH), np.eye(3))
    return truth_on_map(whole, findings_of_class(annotations.findings_of(image.id), category), image)


def write_maps(folder, annotations, levels):
    entries, left = [], {'malignant': iter(levels), 'benign': iter(levels)}
    for image in annotations.images:
        for category in ('benign', 'malignant'):
            truth = truth_of(annotations, image, category)
            saliency = truth * next(left[category]) if truth.any() else np.zeros_like(truth, float)
            size, name = truth.shape, f'{image.id}_{category}.png'
            entries.append(SaliencyMap(image_key(image), category, name, size, size, np.eye(3)))
            write_map(folder, entries[-1], saliency)
    write_index(folder, entries)


@pytest.fixture(scope='module', name='drawn')
def drawn_fixture(figures, study, tmp_path_factory):
    out = tmp_path_factory.mktemp('figures')
    assert figures.main([str(study), '--seed', '3', '--out', str(out), '--quantiles', '1', '0.3', '0']) == 0
    return out, json.loads((out / 'figures.json').read_text())


def test_examples_are_those_at_the_quantiles_of_dice(drawn):
    _, numbers = drawn
    shown = [row for row in numbers['fig1']['rows'] if row['category'] == 'malignant']
    assert [row['quantile_of_dice'] for row in shown] == [1, 0.3, 0]
    # Dice of 0.2, 0.4, 0.6, 0.8 ascend; 0.3 of the way from the first to the fourth is nearest to the second.
    assert [row['glam']['soft_dice'] for row in shown] == pytest.approx([dice(0.8), dice(0.4), dice(0.2)], abs=1e-4)
    assert [row['cam']['soft_dice'] for row in shown] == pytest.approx([dice(0.1)] * 3, abs=1e-4)
    assert 'at the quantiles 1, 0.3, 0 of the Dice of GLAM' in numbers['fig1']['caption']
    assert (numbers['study'], numbers['preset'], numbers['seed']) == ('glam', 'made', 3)


def test_scatter_counts_where_the_local_map_is_ahead_and_where_it_fails(drawn):
    _, numbers = drawn
    of_class = numbers['fig4']['classes']['malignant']
    assert {name: of_class[name] for name in ('images', 'local_ahead', 'local_failed', 'global_failed')} == {
        'images': 4,
        'local_ahead': 2,  # 1.0 and 0.9 above 0.5
        'local_failed': 1,
        'global_failed': 0,
    }
    assert sorted(point['local'] for point in of_class['points']) == pytest.approx(
        [0, dice(0.4), dice(0.9), dice(1)], abs=1e-4
    )
    assert [point['global'] for point in of_class['points']] == pytest.approx([dice(0.5)] * 4, abs=1e-4)
    assert numbers['fig4']['classes']['benign']['images'] == 2


def test_pictures_are_there(drawn):
    out, _ = drawn
    for name in ('fig1', 'fig4'):
        picture = np.asarray(Image.open(out / f'{name}.png').convert('RGB')).astype(int)
        red, green = picture[..., 0] - picture[..., 1] > 60, picture[..., 1] - picture[..., 0] > 60
        assert min(picture.shape[:2]) > 200 and red.any() and green.any()


def test_maps_and_truth_lie_where_the_finding_is_in_either_breast(figures, study):
    annotations = images_to_test(study)
    rows = {name: figures.read_row(study / 'seed3' / 'predictions', name, annotations) for name in LEVELS}
    figure, numbers = figures.draw_examples(rows, annotations, [1, 0.7, 0.3, 0])
    images = {image_key(image): image for image in annotations.images}
    sides = set()
    for index, row in enumerate(numbers['rows']):
        key = ImageKey(row['patient_id'], row['study_uid'], row['view'])
        truth = truth_of(annotations, images[key], row['category'])  # phantoms are stored as they hang
        colour = 0 if row['category'] == 'malignant' else 1
        for panel in figure.axes[5 * index + 1 : 5 * index + 5]:
            picture = np.asarray(panel.images[0].get_array())
            tinted = picture[..., colour] - picture[..., 1 - colour] > 0.1
            assert (tinted == truth).all()
        sides.add(row['view'][0])
    assert sides == {'l', 'r'} and len(figure.axes) == 5 * len(numbers['rows'])


def test_more_images_than_wanted_are_drawn_at_random_by_the_seed(figures, study):
    annotations = images_to_test(study)
    rows = {name: figures.read_row(study / 'seed3' / 'predictions', name, annotations) for name in LEVELS}
    draws = [figures.draw_scatter(rows, annotations, 2, seed)[1]['classes']['malignant'] for seed in (0, 0, 1, 2, 3)]
    assert all(draw['images'] == 2 for draw in draws) and draws[0] == draws[1]
    assert len({json.dumps(draw) for draw in draws}) > 1


def test_row_that_was_not_tested_is_named(figures, study, tmp_path):
    with pytest.raises(ValueError, match=r'cam-maps has no index.csv'):
        figures.read_row(tmp_path, 'cam', images_to_test(study))


@pytest.mark.parametrize(('quantiles', 'expected'), [([0.5], 'b'), ([0, 1], 'ac'), ([0.1, 0, 0.9], 'ac')])
def test_image_of_two_quantiles_is_shown_once(quantiles, expected, figures):
    keys = {name: ImageKey(name, 's', 'lcc') for name in 'abc'}
    chosen = figures.choose_by_quantile(dict(zip(keys.values(), (0.1, 0.5, 0.5))), quantiles)
    assert ''.join(key.patient_id for _, key in chosen) == expected
