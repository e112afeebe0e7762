"""DisAsymNet and its ablations on phantoms, through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from mammo_plugins.apis.train.run_options import RunOptions
from mammo_plugins.commands.main import main
from mammo_plugins.evaluation import read_labels
from mammo_plugins.evaluation.saliency_files import read_maps
from mammo_plugins.io import read_annotations
from tests.apis.beyond_boxes.test_labels_and_maps import report_data
from tests.apis.train.test_distributed import weights
from tests.projects.disasymnet.small_configs import CONFIGS, small
from tests.warm_processes import run_in_two


@pytest.fixture(scope='module')
def trained(root, tmp_path_factory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp('trained')
    options = small('disasymnet', root) | {'default_hooks.checkpoint.interval': 1}
    train(CONFIGS / 'disasymnet.py', work_dir=folder, ann_file=root / 'pairs.json', cfg_options=options)
    return folder / 'iter_2.pth', options


def test_refinement_is_logged_beside_every_other_loss(root, tmp_path):
    runner = train(
        CONFIGS / 'disasymnet.py',
        work_dir=tmp_path,
        ann_file=root / 'pairs.json',
        cfg_options=small('disasymnet', root),
    )
    names = {f'train/loss_{name}' for name in ('diag', 'rec', 'disc', 'syn', 'refine')}
    assert runner.iter == 2 and names <= set(runner.message_hub.log_scalars)


def test_test_and_evaluate_give_the_same_numbers(trained, root, tmp_path):
    checkpoint, options = trained
    options = options | {f'test_evaluator.{number}.split': None for number in (0, 1, 2)}
    options['test_dataloader.dataset.split'] = None
    found = evaluate_checkpoint(
        CONFIGS / 'disasymnet.py', checkpoint, out=tmp_path / 'found.csv', work_dir=tmp_path,
        ann_file=root / 'pairs.json', cfg_options=options,
    )  # fmt: skip
    for unit, file in (('view', 'found_view.csv'), ('pair', 'found_pair.csv')):
        arguments = [str(tmp_path / file), '--ann', str(root / 'pairs.json'), '--modality', 'FFDM']
        assert main(['evaluate', *arguments, '--json', str(tmp_path / f'{unit}.json')]) == 0
        numbers = json.loads((tmp_path / f'{unit}.json').read_text())['results']['abnormal']['metrics']
        assert found[f'{unit}/abnormal/num_cases'] == (16 if unit == 'view' else 8)
        auc = numbers['auc']['value']
        assert found[f'{unit}/abnormal/auc'] == auc or (auc is None and np.isnan(found[f'{unit}/abnormal/auc']))
    assert any(name.startswith('saliency/any/') for name in found)
    assert len(list(read_maps(tmp_path / 'found_maps'))) == 16
    assert len(list(read_maps(tmp_path / 'found_pictures'))) == 2 * found['pictures/images'] == 32
    arguments = [str(tmp_path / 'found_maps'), '--pictures', str(tmp_path / 'found_pictures'), '--modality', 'FFDM']
    page = tmp_path / 'page.html'
    assert main(['report', *arguments, '--ann', str(root / 'pairs.json'), '--cases', '20', '--out', str(page)]) == 0
    _, data = report_data(page)
    assert [[view['name'][0] for view in case['views']] for case in data['cases']] == [['R', 'L']] * 8
    assert all(len(view['pictures']) == 2 for case in data['cases'] for view in case['views'])


def test_predict_writes_labels_maps_and_the_normal_image(trained, root, tmp_path, capsys):
    checkpoint, options = trained
    annotations = read_annotations(root / 'pairs.json').select(modality='FFDM')
    patient = annotations.images[0].patient_id
    (tmp_path / 'in').mkdir()
    for image in (one for one in annotations.images if one.patient_id == patient):
        (tmp_path / 'in' / f'{image.view}.dcm').symlink_to(annotations.resolve_path(image))
    cfg = Config.fromfile(CONFIGS / 'disasymnet.py')
    cfg.merge_from_dict(options)
    cfg.dump(tmp_path / 'small.py')
    arguments = ['--config', str(tmp_path / 'small.py'), '--checkpoint', str(checkpoint), '--device', 'cpu']
    out = tmp_path / 'out'
    capsys.readouterr()
    assert main(['predict', str(tmp_path / 'in'), *arguments, '--out', str(out)]) == 0
    said = capsys.readouterr().out
    assert 'the model gives pictures of each image: normal, abnormal (pictures/)' in said
    assert len(read_labels(out / 'labels_pair.csv').keys) == 2 and len(read_labels(out / 'labels_view.csv').keys) == 4
    pictures, maps = list(read_maps(out / 'pictures')), list(read_maps(out / 'maps'))
    assert len(pictures) == 8 and len(maps) == 4
    assert {entry.category for entry, _ in pictures} == {'normal', 'abnormal'}
    for entry, picture in pictures:
        twin = next(one for one, _ in maps if one.key == entry.key)
        assert picture.shape == tuple(map(int, entry.covered)) and entry.covered == twin.covered
        np.testing.assert_array_equal(entry.homography, twin.homography)
    # The page hangs both sides of a view, and has what each is compared with.
    _, data = report_data(out / 'report.html')
    assert [[view['name'][0] for view in case['views']] for case in data['cases']] == [['R', 'L']] * 2
    made = [view['pictures'] for case in data['cases'] for view in case['views']]
    assert all([one['name'] for one in pictures] == ['normal', 'abnormal'] for pictures in made)


def test_aligned_sides_are_trained_tested_and_scored(root, tmp_path):
    options = small('disasymnet_aligned', root, steps=1) | {'default_hooks.checkpoint.interval': 1}
    run = dict(ann_file=root / 'pairs.json', work_dir=tmp_path, cfg_options=options)
    train(CONFIGS / 'disasymnet_aligned.py', **run)
    out = tmp_path / 'found.csv'
    evaluate_checkpoint(CONFIGS / 'disasymnet_aligned.py', tmp_path / 'iter_1.pth', out=out, **run)
    frames: dict[tuple[str, str], set] = {}
    for entry, _ in read_maps(tmp_path / 'found_pictures'):
        frames.setdefault((entry.key.patient_id, entry.key.view_name[1:]), set()).add((entry.shape, entry.covered))
    assert frames and all(len(sizes) == 1 for sizes in frames.values())  # one frame for both sides
    assert main(['normals', str(tmp_path / 'found_pictures'), '--ann', str(root / 'pairs.json')]) == 0


def test_config_of_low_memory_trains_as_the_whole_one(root, tmp_path):
    state = []
    for name in ('disasymnet', 'disasymnet_low_memory'):
        options = small(name, root, steps=1) | {'default_hooks.checkpoint.interval': 1}
        options |= {f'optim_wrapper.{part}.optimizer': dict(type='SGD', lr=0.1) for part in ('asyc', 'asyd')}
        train(CONFIGS / f'{name}.py', work_dir=tmp_path / name, ann_file=root / 'pairs.json', cfg_options=options)
        state.append(weights(tmp_path / name / 'iter_1.pth'))
    for key, value in state[0].items():
        torch.testing.assert_close(state[1][key], value, rtol=1e-4, atol=1e-5, msg=key)


def test_two_processes_train_as_one(root, tmp_path):
    """With batch statistics that are frozen in the encoder and none in the decoder: samples are treated one by one.

    By gradient descent: Adam turns the rounding of vanishing gradients into whole steps.
    """
    cfg = Config.fromfile(CONFIGS / 'disasymnet.py')
    cfg.merge_from_dict(small('disasymnet', root))
    cfg.model.asyc.backbone = dict(
        type='mmpretrain.ResNet', depth=18, base_channels=8, out_indices=(0, 1, 2, 3), norm_eval=True
    )
    cfg.model.asyc.fusion.in_channels = cfg.model.asyd.in_channels = 64
    cfg.model.asyd.update(stage_channels=[8, 16, 32, 64], norm_cfg=dict(type='GN', num_groups=4))
    for part in ('asyc', 'asyd'):
        cfg.optim_wrapper[part].optimizer = dict(type='SGD', lr=0.1)
    cfg.default_hooks.checkpoint.interval = 1
    config = tmp_path / 'small.py'
    cfg.dump(config)
    train(config, work_dir=tmp_path / 'one', ann_file=root / 'pairs.json')
    arguments = [config, '--work-dir', tmp_path / 'two', '--ann', root / 'pairs.json']
    run_in_two('tools/train.py', arguments, {'train_dataloader.batch_size': 1})
    one, two = (weights(tmp_path / name / 'iter_2.pth') for name in ('one', 'two'))
    before = weights(tmp_path / 'one/iter_1.pth')
    assert one.keys() == two.keys()
    moved, apart = (max((one[name] - other[name]).abs().max().item() for name in one) for other in (before, two))
    assert apart < 0.01 * moved and moved > 1e-3


def test_resumed_training_ends_as_one_that_was_never_stopped(trained, root, tmp_path):
    checkpoint, options = trained
    first = str(checkpoint.with_name('iter_1.pth'))
    run = dict(ann_file=root / 'pairs.json', cfg_options=options)
    train(CONFIGS / 'disasymnet.py', work_dir=tmp_path, resume=first, **run)
    whole, parts = weights(checkpoint), weights(tmp_path / 'iter_2.pth')
    assert whole.keys() == parts.keys() and all(torch.equal(value, parts[name]) for name, value in whole.items())


def test_bank_of_the_training_set_is_refused(root, tmp_path):
    assert main(['tumour-bank', str(root / 'pairs.json'), str(tmp_path / 'own')]) == 0
    bank = 'train_dataloader.dataset.pipeline.1.bank'
    own = {f'{bank}.folder': str(tmp_path / 'own'), f'{bank}.shared_ids_are_others': False}
    options = small('disasymnet', root) | own
    with pytest.raises(ValueError, match='is in the bank of tumours .* too'):
        train(CONFIGS / 'disasymnet.py', work_dir=tmp_path, ann_file=root / 'pairs.json', cfg_options=options)


def test_mixed_precision_is_switched_on_for_both_optimisers(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda: True)
    cfg = Config.fromfile(CONFIGS / 'disasymnet.py')
    RunOptions(amp=True).apply(cfg)
    assert [(cfg.optim_wrapper[name].type, cfg.optim_wrapper[name].dtype) for name in ('asyc', 'asyd')] == [
        ('AmpOptimWrapper', 'bfloat16')
    ] * 2
    assert 'type' not in cfg.optim_wrapper
