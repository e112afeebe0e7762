"""The counterpart of Fig. 3, from the folder of a study: its pictures are made, half of each lesion taken away."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.apis.normals import read_true_pairs
from mammo_plugins.evaluation.image_names import image_key
from mammo_plugins.evaluation.saliency_files import SaliencyMap, write_index, write_map
from mammo_plugins.io import read_annotations
from tests.warm_processes import run_script

SCRIPT = 'projects/disasymnet/normals_figure.py'
SPLIT = 'train'


@pytest.fixture(name='study', scope='module')
def study_fixture(root, tmp_path_factory) -> Path:
    """A study whose row ``disasymnet`` was tested on images in the frame of their files, the breast at the left."""
    study = tmp_path_factory.mktemp('study')
    content = json.loads((root / 'pairs.json').read_text())
    content['info']['root'] = str((root / content['info'].get('root', '')).resolve())
    (study / 'seed0/seen').mkdir(parents=True)
    (study / 'seed0/seen/phantoms.json').write_text(json.dumps(content))
    images = read_annotations(study / 'seed0/seen/phantoms.json').select(modality='FFDM', split=SPLIT)
    folders = {kind: study / f'seed0/predictions/disasymnet-{kind}' for kind in ('pictures', 'maps')}
    entries = [_whole(image) for image in images.images]
    for kind, categories in (('pictures', ('normal', 'abnormal')), ('maps', ('any',))):
        folders[kind].mkdir(parents=True)
        write_index(folders[kind], [_of(entry, category) for entry in entries for category in categories])
    for entry in entries:
        write_map(folders['pictures'], _of(entry, 'normal'), np.zeros(entry.shape))
    for pair in read_true_pairs(folders['pictures'], images):
        half = (pair.shown + pair.truth) / 2
        write_map(folders['pictures'], _of(pair.entry, 'normal'), half)
        write_map(folders['pictures'], _of(pair.entry, 'abnormal'), np.clip(pair.shown - half, 0, 1))
        write_map(folders['maps'], _of(pair.entry, 'any'), pair.lesion.astype(float))
    return study


def _whole(image) -> SaliencyMap:
    shape = image.height, image.width
    turned = np.array([[-1.0, 0, image.width], [0, 1, 0], [0, 0, 1]]) if image.view.startswith('R') else np.eye(3)
    return SaliencyMap(image_key(image), '', str(image.id), shape, tuple(map(float, shape)), turned)


def _of(entry: SaliencyMap, category: str) -> SaliencyMap:
    return replace(entry, category=category, file=f'{entry.file.split("_")[0]}_{category}.png')


@pytest.fixture(name='figure', scope='module')
def figure_fixture(repository) -> dict:
    return runpy.run_path(str(repository / SCRIPT))


@pytest.fixture(name='folder')
def folder_fixture(figure, study):
    return figure['StudyFolder'](study, 0, ['disasymnet'], SPLIT)


def test_pairs_with_a_finding_are_shown_the_first_of_each_patient_before_the_second(figure, folder):
    annotations = folder.annotations
    chosen = figure['choose_pairs'](annotations, 100)
    with_findings = [pair for pair in chosen if any(annotations.findings_of(image.id) for image in pair)]
    assert with_findings == chosen and all((right.view[0], left.view[0]) == ('R', 'L') for right, left in chosen)
    patients = [right.patient_id for right, _ in chosen]
    firsts = len(set(patients))
    assert len(set(patients[:firsts])) == firsts and len(chosen) > firsts
    assert figure['choose_pairs'](annotations, 1) == chosen[:1]
    with pytest.raises(ValueError, match='pairs has a finding: name another split'):
        figure['choose_pairs'](replace(annotations, findings=[]), 1)


def test_columns_are_the_mammogram_what_was_made_of_it_and_the_truth(figure, folder):
    checked = 0
    for sides in folder.read_sides(figure['choose_pairs'](folder.annotations, 100), ['ours']):
        for side in sides:
            shown, truth = side.columns['mammogram'], side.columns['true normal']
            assert list(side.columns) == ['mammogram', 'abnormal', 'normal,\nours', 'true normal']
            np.testing.assert_allclose(side.columns['normal,\nours'], (shown + truth) / 2, atol=1 / 255)
            for left, top, right, bottom in side.findings:
                inside = np.s_[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
                assert (shown - truth)[inside].max() == pytest.approx((shown - truth).max()) and side.saliency[
                    inside
                ].any()
                checked += 1
    assert checked


def test_circles_lie_where_the_lesion_is_drawn(figure, folder):
    chosen = figure['choose_pairs'](folder.annotations, 100)
    pairs = list(folder.read_sides(chosen, ['ours']))
    drawn = figure['draw']([str(index) for index in range(len(pairs))], pairs)
    assert len(drawn.axes) == 5 * len(pairs)
    assert [axes.get_title() for axes in drawn.axes[:5]] == [
        'mammogram', 'where\nabnormal', 'abnormal', 'normal,\nours', 'true normal',
    ]  # fmt: skip
    for row, (right, left) in enumerate(pairs):
        circles = drawn.axes[5 * row].patches
        assert len(circles) == len(right.findings) + len(left.findings)
        # Right breasts are mirrored, and left ones stand beside them.
        apart = [side.columns['mammogram'] - side.columns['true normal'] for side in (right, left)]
        difference = np.hstack([apart[0][:, ::-1], apart[1]])
        for circle in circles:
            x, y = circle.center
            across, down = circle.width / 2, circle.height / 2
            around = difference[int(y - down) : int(y + down) + 1, max(0, int(x - across)) : int(x + across) + 1]
            assert around.max() > 0.5 * difference.max() > 0


def test_script_writes_the_figure_and_what_it_shows(study, folder, figure, tmp_path):
    arguments = [study, tmp_path / 'new/fig.png', '--rows', 'disasymnet', '--split', SPLIT, '--pairs', '2']
    done = run_script(SCRIPT, arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / 'new/fig.png').stat().st_size > 10_000
    content = json.loads((tmp_path / 'new/fig.json').read_text())
    chosen = figure['choose_pairs'](folder.annotations, 2)
    assert [pair['patient_id'] for pair in content['pairs']] == [right.patient_id for right, _ in chosen]
    assert content['rule'] == figure['RULE'] and content['split'] == SPLIT


def test_row_that_was_not_tested_is_refused(figure, study):
    with pytest.raises(
        ValueError, match='row asyd of seed 0 has no pictures: test it, mammo study disasymnet --rows asyd'
    ):
        figure['StudyFolder'](study, 0, ['asyd', 'disasymnet'], SPLIT)
