"""Scores of styles on breasts that two vendors show: releases of one seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.styles import METHODS, style_truth, truth
from mammo_plugins.datasets.styles import write_styles
from mammo_plugins.io import read_annotations
from mammo_plugins.registration import models

NETWORK = dict(width=2, blocks=1)
LOADING = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical'), dict(type='CropBreast')]


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp('same_breasts')
    for vendor in 'BC':
        settings = {'vendors': vendor, 'finding.malignant_share': 0.75}
        make_phantoms(root / vendor, cases=2, seed=5, size='96x64x6', split=(0, 0, 1), workers=1, overrides=settings)
        convert_dataset('phantom', root / vendor, root / f'{vendor}.json')
    return {vendor: root / f'{vendor}.json' for vendor in 'BC'}


@pytest.fixture(scope='module')
def bank(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('bank')
    torch.manual_seed(0)
    weights = {pair: models.translation.ResNetGenerator(**NETWORK).state_dict() for pair in ('BC', 'CB')}
    write_styles(
        folder,
        {vendor: [f'Phantom Vendor {vendor}'] for vendor in 'BC'},
        {tuple(pair): state for pair, state in weights.items()},
        network=dict(type='mmdet.ResNetGenerator', **NETWORK),
        window=(0.0, 1.0),
        loading=LOADING,
        sources={},
    )
    return folder


def test_releases_of_one_seed_are_the_same_breasts(files):
    images, findings = {}, {}
    for vendor, path in files.items():
        content = read_annotations(path)
        flat = [image for image in content.images if image.modality == 'FFDM']
        images[vendor] = [(i.patient_id, i.view_name, i.height, i.width, i.labels, i.nipple_xy) for i in flat]
        chosen = {image.id for image in flat}
        findings[vendor] = [(f.category, f.bbox_xywh, f.lesion_id) for f in content.findings if f.image_id in chosen]
    assert images['B'] == images['C'] and findings['B'] == findings['C'] and findings['B']


def test_truth_is_best_and_a_generator_that_keeps_everything_is_no_translation(files, bank, monkeypatch):
    monkeypatch.setattr(truth.GeneratorStyles, 'generator', lambda self, own, other: nn.Identity())
    report = style_truth(bank, files['B'], files['C'], device='cpu')
    assert (report['direction'], report['images']) == ('B_to_C', 8) and report['lesions'] > 0
    rows = report['methods']
    assert tuple(rows) == METHODS
    assert rows['translation'] == pytest.approx(rows['no translation'], abs=1e-6)
    assert report['crop_difference'] < 1e-6
    assert rows['truth']['ssim'] == pytest.approx(1) and rows['truth']['l1'] == 0
    assert rows['no translation']['lesion_dice'] == 1
    assert rows['no translation']['vanished'] == rows['no translation']['appeared'] == 0
    assert rows['no translation']['l1'] > 0.01
    assert rows['histogram matching']['l1'] < rows['no translation']['l1']


def test_a_generator_that_is_the_vendors_tone_is_nearer_and_one_that_is_black_is_not(files, bank, monkeypatch):
    pairs = [truth._load_pair(*views, truth.build_transforms(LOADING))
             for views in truth._paired_views(files['B'], files['C'], 'FFDM', None)]  # fmt: skip
    source, true = (np.concatenate(values) for values in zip(*((p.source[p.breast], p.truth[p.breast]) for p in pairs)))
    slope, start = np.polyfit(source, true, 1)

    class Tone(nn.Module):
        def forward(self, values):
            return 2 * (slope * (values + 1) / 2 + start) - 1

    class Black(nn.Module):
        def forward(self, values):
            return torch.full_like(values, -1)

    found = {}
    for network in (Tone, Black):
        monkeypatch.setattr(truth.GeneratorStyles, 'generator', lambda self, own, other, made=network: made())
        found[network] = style_truth(bank, files['B'], files['C'], device='cpu')['methods']
    plain = found[Tone]['no translation']
    assert found[Tone]['translation']['l1'] < plain['l1'] < found[Black]['translation']['l1']
    assert found[Black]['translation']['lesion_dice'] == 0 and found[Black]['translation']['vanished'] == 1
    assert found[Tone]['translation']['lesion_dice'] == pytest.approx(1, abs=0.02)


def test_script_writes_both_directions(files, bank, tmp_path, repository):
    words = [str(bank), str(files['B']), str(files['C']), '--json', str(tmp_path / 'out.json'), '--device', 'cpu']
    command = [sys.executable, str(repository / 'projects/msvcl/style_truth.py'), *words]
    environment = {**os.environ, 'PYTHONPATH': str(repository)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    content = json.loads((tmp_path / 'out.json').read_text())
    assert [report['direction'] for report in content] == ['B_to_C', 'C_to_B']
    assert all(0 <= row['ssim'] <= 1 for report in content for row in report['methods'].values())
    assert 'B_to_C: 8 images' in done.stdout


def test_images_without_partner_or_of_one_style_are_refused(files, bank, tmp_path):
    with pytest.raises(ValueError, match='must be of one style each, and of two'):
        style_truth(bank, files['B'], files['B'], device='cpu')
    content = json.loads(files['C'].read_text())
    lonely = next(image for image in content['images'] if image['modality'] == 'FFDM')
    content['images'].remove(lonely)
    content['annotations'] = [a for a in content['annotations'] if a['image_id'] != lonely['id']]
    fewer = files['C'].with_name('fewer.json')
    fewer.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='1 images of .* have no partner'):
        style_truth(bank, files['B'], fewer, device='cpu')
