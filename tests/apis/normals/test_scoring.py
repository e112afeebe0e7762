"""Normal images against the true ones of phantoms, through the files that testing writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mammo_plugins.registration  # noqa: F401
from mammo_plugins.apis.normals import read_true_pairs, sample_normals, score_normals
from mammo_plugins.commands.main import main
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.datasets.grey_values import from_grey_values
from mammo_plugins.datasets.transform_building import build_transforms
from mammo_plugins.evaluation.image_names import image_key
from mammo_plugins.evaluation.saliency_files import SaliencyMap, write_index, write_map
from mammo_plugins.io import AnnotationSet, read_annotations

LOADING = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=48, max_length=96),
]


@pytest.fixture(name='phantoms', scope='module')
def phantoms_fixture(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('normals')
    sizes = ['--cases', '4', '--seed', '3', '--size', '160x112x4', '--preset', 'symmetric', '--workers', '1']
    assert main(['phantoms', str(root / 'dicom'), *sizes]) == 0
    assert main(['convert', 'phantom', str(root / 'dicom'), str(root / 'pairs.json'), '--no-progress']) == 0
    return root


@pytest.fixture(name='annotations', scope='module')
def annotations_fixture(phantoms) -> AnnotationSet:
    return read_annotations(phantoms / 'pairs.json').select(modality='FFDM')


def loaded_views(annotations: AnnotationSet) -> dict[int, dict]:
    """What a network sees of each image."""
    transforms = build_transforms(LOADING)
    data = CaseDataset(str(annotations.path), modality='FFDM', group_by='image', labels=['abnormal'])
    views = {}
    for index in range(len(data)):
        view = data.get_data_info(index)['views'][0]
        for transform in transforms:
            view = transform(view)
        views[view['image_id']] = view
    return views


@pytest.fixture(name='pictures', scope='module')
def pictures_fixture(phantoms, annotations) -> Path:
    """As if a model gave half of what each image shows and half of its truth."""
    folder = phantoms / 'pictures'
    folder.mkdir()
    entries, views = [], loaded_views(annotations)
    for image in annotations.images:
        view = views[image.id]
        shape = view['img'].shape[1:]
        entries.append(
            SaliencyMap(image_key(image), 'normal', f'{image.id}.png', shape, tuple(map(float, shape)),
                        view['homography_matrix'])
        )  # fmt: skip
        write_map(folder, entries[-1], np.zeros(shape))
    write_index(folder, entries)
    for pair in read_true_pairs(folder, annotations):
        write_map(folder, pair.entry, (pair.shown + pair.truth) / 2)
    return folder


def test_mammogram_and_truth_lie_in_the_frame_of_the_network(annotations, pictures):
    views = loaded_views(annotations)
    by_key = {image_key(image)[:3]: views[image.id] for image in annotations.images}
    pairs = list(read_true_pairs(pictures, annotations))
    assert {pair.side for pair in pairs} == {'L', 'R'} and len(pairs) == len(annotations.images)
    for pair in pairs:
        seen = from_grey_values(by_key[pair.entry.key[:3]]['img'])[0]
        assert np.abs(pair.shown - seen).max() < 0.02 and np.abs(pair.shown - seen).mean() < 1e-3
    changed = [pair for pair in pairs if pair.truth is not pair.shown]
    assert changed and all(
        (pair.shown - pair.truth)[pair.lesion].mean() > 0.01 for pair in changed if pair.lesion.any()
    )


def test_half_of_each_lesion_is_gone_and_nothing_else_is_harmed(phantoms, annotations, pictures):
    scores = score_normals(pictures, annotations, bootstrap=50)
    model, unchanged, blur, other = (scores.numbers[name] for name in ('model', 'unchanged', 'blur', 'other side'))
    assert model['removed'].value == pytest.approx(0.5, abs=0.01) and unchanged['removed'].value == pytest.approx(0)
    assert model['psnr_inside'].value == pytest.approx(unchanged['psnr_inside'].value + 20 * np.log10(2), abs=0.1)
    assert model['ssim_inside'].value > unchanged['ssim_inside'].value
    assert model['healthy_psnr'].value > 90 and model['healthy_harmed'].value == 0
    assert other['healthy_psnr'].value < blur['healthy_psnr'].value < model['healthy_psnr'].value
    assert 0.2 < other['removed'].value and other['harmed'].value > model['harmed'].value
    assert model['removed'].low <= model['removed'].value <= model['removed'].high
    assert scores.images['with_findings'] + scores.images['without_findings'] == len(annotations.images)


def test_command_writes_the_same_numbers(phantoms, annotations, pictures, capsys):
    out = phantoms / 'normals.json'
    assert main(['normals', str(pictures), '--ann', str(phantoms / 'pairs.json'), '--json', str(out)]) == 0
    assert 'images with findings' in capsys.readouterr().out
    content = json.loads(out.read_text())
    scores = score_normals(pictures, annotations)
    assert content['methods']['model']['removed']['value'] == pytest.approx(scores.numbers['model']['removed'].value)
    assert len(content['rows']) == 4 * len(annotations.images)


def test_samples_of_a_study_have_the_same_values(annotations, pictures):
    scores = score_normals(pictures, annotations)
    for method in ('model', 'other side'):
        samples = sample_normals(pictures, annotations, method, bootstrap=10, seed=0)
        assert samples['removed'].value == pytest.approx(scores.numbers[method]['removed'].value)
        assert samples['removed'].replicates.shape == (10,)
    with pytest.raises(ValueError, match="scored for model, unchanged, other side, blur, got 'copy'"):
        sample_normals(pictures, annotations, 'copy', 0, 0)


def test_images_without_a_known_truth_are_left_out(annotations, pictures):
    unknown = [replace(image, labels={}) for image in annotations.images]
    kept = list(read_true_pairs(pictures, AnnotationSet(unknown, [], annotations.info, annotations.path)))
    assert 0 < len(kept) < len(annotations.images) and all(pair.truth is not pair.shown for pair in kept)


def test_data_without_a_truth_are_refused(phantoms, annotations, pictures, capsys):
    arguments = [str(pictures), '--ann', str(phantoms / 'pairs.json'), '--normals', str(phantoms / 'none.csv')]
    assert main(['normals', *arguments]) == 2
    assert 'mammo phantoms --preset symmetric' in capsys.readouterr().err
