"""From phantom DICOM of three vendors to a pretraining in their styles, two steps each, by the plan and commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.stages import make_plan, run_stages
from mammo_plugins.apis.train import train
from mammo_plugins.commands.main import main
from tests.apis.train.test_distributed import weights
from tests.markdown_tables import read_tables
from tests.warm_processes import run_in_two

PROJECT = Path(__file__).parents[3] / 'projects/msvcl'
CYCLEGAN = PROJECT / 'configs/cyclegan.py'
STYLES = dict(A=['Phantom Vendor A'], B=['Phantom Vendor B'], C=['Phantom Vendor C'])
LOADING = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=48, max_length=96),
]
SMALL = {
    'model.generator.width': 2,
    'model.generator.blocks': 1,
    'model.discriminator.width': 2,
    'model.discriminator.num_layers': 2,
    'train_dataloader.dataset.loading': LOADING,
    'train_dataloader.dataset.pipeline.0.transforms.0.size': 32,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'train_cfg.max_iters': 2,
    'param_scheduler.0.begin': 0,
    'param_scheduler.0.end': 3,
    'log_level': 'ERROR',
}


@pytest.fixture(scope='module')
def annotations(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('vendors')
    overrides = {'vendors': ''.join(STYLES)}
    make_phantoms(root / 'p', cases=3, seed=5, size='96x64x4', split=(1, 0, 0), workers=1, overrides=overrides)
    convert_dataset('phantom', root / 'p', root / 'ann.json')
    return root / 'ann.json'


@pytest.fixture(scope='module')
def finished(tmp_path_factory, annotations) -> Path:
    """The folder of the plan, with the vendors of the phantoms in it."""
    folder = tmp_path_factory.mktemp('styles')
    text = (PROJECT / 'styles_plan.py').read_text()
    start, end = text.index('vendors = '), text.index('names = ')
    text = text[:start] + f'vendors = {STYLES}\n' + text[end:]
    text = text.replace("'data/ffdm.json'", repr(str(annotations)))
    (folder / 'plan.py').write_text(text)
    stages = Config.fromfile(folder / 'plan.py').to_dict()['stages']
    run_stages(make_plan(stages, winning_options=SMALL), folder / 'out')
    return folder / 'out'


def two_vendors(annotations: Path) -> dict:
    sides = dict(zip(('first', 'second'), STYLES.items()))
    chosen = {
        f'train_dataloader.dataset.{side}': dict(style=style, manufacturers=makers)
        for side, (style, makers) in sides.items()
    }
    return {
        **SMALL,
        **chosen,
        'train_dataloader.dataset.ann_file': str(annotations),
        'train_dataloader.dataset.data_root': '',
    }


def test_every_pair_trains_and_every_direction_has_a_generator(finished):
    trained = sorted(path.parent.name for path in finished.glob('*/iter_2.pth'))
    assert trained == ['A-B', 'A-C', 'B-C']
    content = json.loads((finished / 'bank/styles.json').read_text())
    assert content['styles'] == STYLES and content['loading'] == LOADING
    assert sorted(content['digests']) == ['A_to_B', 'A_to_C', 'B_to_A', 'B_to_C', 'C_to_A', 'C_to_B']
    assert content['sources']['C_to_B'] == 'B-C/iter_2.pth'
    state = weights(finished / 'B-C/iter_2.pth')
    for direction, part in (('B_to_C', 'to_second.'), ('C_to_B', 'to_first.')):
        kept = weights(finished / f'bank/generators/{direction}.pth')
        assert len(kept) > 10 and all(torch.equal(value, state[part + name]) for name, value in kept.items())


def test_images_are_translated_once_and_pretraining_reads_them(finished, annotations, tmp_path, capsys):
    bank = finished / 'bank'
    pretraining = {
        'model.backbone.depth': 18,
        'model.backbone.init_cfg': None,
        'model.neck.in_channels': 512,
        'model.neck.hid_channels': 16,
        'model.neck.out_channels': 8,
        'train_dataloader.batch_size': 2,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_dataloader.dataset.loading': LOADING,
        'train_dataloader.dataset.pipeline.0.transforms.0.bank.folder': str(bank),
        'train_dataloader.dataset.pipeline.0.transforms.2.size': 32,
        'train_cfg.max_iters': 2,
        'param_scheduler': [],
        'log_level': 'ERROR',
    }
    options = [f'train_dataloader.dataset.loading.{place}.{key}={value}'
               for place, key, value in ((3, 'width', 48), (3, 'max_length', 96))]  # fmt: skip
    words = ['styles', 'fill', str(bank), str(PROJECT / 'configs/msvcl_v2.py'), '--ann', str(annotations)]
    words += ['--no-progress', '--device', 'cpu', '--cfg-options', *options]
    assert main(words) == 0
    capsys.readouterr()
    assert main(words) == 0
    assert '0 images translated, 24 were there, 0 files failed' in capsys.readouterr().out  # 12 FFDM, two other styles
    before = sorted(path.stat().st_mtime_ns for path in bank.rglob('*.b2nd'))
    config = PROJECT / 'configs/msvcl_v2.py'
    runner = train(config, work_dir=tmp_path, ann_file=annotations, cfg_options=pretraining)
    assert runner.iter == 2 and len(before) == 24
    assert sorted(path.stat().st_mtime_ns for path in bank.rglob('*.b2nd')) == before


def test_images_that_were_loaded_otherwise_are_not_translated(finished, annotations, capsys):
    words = ['styles', 'fill', str(finished / 'bank'), str(PROJECT / 'configs/mscl.py'), '--ann', str(annotations)]
    assert main([*words, '--no-progress']) == 2
    assert 'Train styles with the same loading' in capsys.readouterr().err


def test_file_that_cannot_be_read_stops_nothing(finished, annotations, tmp_path, capsys):
    content = json.loads(annotations.read_text())
    images = [image for image in content['images'] if image['modality'] == 'FFDM']
    content['info']['root'] = str(annotations.parent / content['info'].get('root', '.'))
    broken = tmp_path / 'broken.dcm'
    broken.write_bytes(b'no image')
    images[0]['file_name'] = str(broken)
    (tmp_path / 'ann.json').write_text(json.dumps(content))
    config = tmp_path / 'two.py'
    config.write_text(
        f"_base_ = {str(CYCLEGAN)!r}\ntrain_dataloader = dict(dataset=dict(first=dict(style='A', manufacturers="
        f"{STYLES['A']}), second=dict(style='B', manufacturers={[*STYLES['B'], *STYLES['C']]}), loading={LOADING}))\n"
    )
    words = ['styles', 'fill', str(finished / 'bank'), str(config), '--ann', str(tmp_path / 'ann.json')]
    assert main(['cache', str(config), str(tmp_path / 'cache'), '--split', 'train', '--workers', '1', *words[4:],
                 '--no-progress']) == 0  # fmt: skip
    assert '11 images prepared, 0 were there, 1 failed' in capsys.readouterr().out
    assert main([*words, '--no-progress', '--strict']) == 1
    text = capsys.readouterr().out
    made, found, failed = map(int, re.search(r'(\d+) images translated, (\d+) were there, (\d+) files', text).groups())
    assert (made + found, failed) == (22, 1) and 'broken.dcm' in text


@pytest.mark.parametrize(
    ('chosen', 'message'),
    [
        (['A-B', 'A-C'], 'no generator for B_to_C, C_to_B'),
        (['A-B', 'A-B'], 'A to B is there already'),
        (['A-B', 'other'], 'network is'),
    ],
)
def test_trainings_that_make_no_bank_are_refused(finished, annotations, tmp_path, capsys, chosen, message):
    if 'other' in chosen:
        wider = {**two_vendors(annotations), 'model.generator.width': 3}
        wider['train_dataloader.dataset.first'] = dict(style='C', manufacturers=STYLES['C'])
        train(CYCLEGAN, work_dir=tmp_path / 'other', cfg_options=wider)
    folders = [tmp_path / name if name == 'other' else finished / name for name in chosen]
    assert main(['styles', 'gather', str(tmp_path / 'bank'), *(str(f / 'iter_2.pth') for f in folders)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'bank/styles.json').exists()


def test_two_processes_take_the_step_of_one(annotations, tmp_path):
    """By gradient descent: Adam turns the rounding of biases before a norm, whose gradient is none, into whole steps.

    Instance norms of a small network blow rounding up from step to step; ``test_cycle_gan`` takes many in doubles.
    """
    options = {**two_vendors(annotations), 'train_cfg.max_iters': 1, 'train_dataloader.batch_size': 4}
    adam = Config.fromfile(CYCLEGAN).optim_wrapper
    for name in ('generators', 'discriminators'):
        assert adam[name].optimizer == dict(type='Adam', lr=2e-4, betas=(0.5, 0.999))
        options[f'optim_wrapper.{name}.optimizer'] = dict(type='SGD', lr=0.1, _delete_=True)
    one = train(CYCLEGAN, work_dir=tmp_path / 'one', cfg_options=options)
    one.cfg.dump(tmp_path / 'two.py')
    arguments = [tmp_path / 'two.py', '--work-dir', tmp_path / 'two']
    run_in_two('tools/train.py', arguments, {'train_dataloader.batch_size': 2})
    first, second = (weights(tmp_path / name / 'iter_1.pth') for name in ('one', 'two'))
    assert first.keys() == second.keys()
    assert max((first[name] - second[name]).abs().max().item() for name in first) < 2e-6
    assert first['to_second.leave.1.bias'].abs() > 1e-4 and first['of_first.layers.0.bias'].abs().max() > 1e-4  # were 0


def test_numbers_of_the_readme_are_those_of_the_run():
    columns = {'SSIM': 'ssim', 'L1': 'l1', 'lesion contrast': 'lesion_contrast', 'lesion Dice': 'lesion_dice'}
    columns |= {name: name for name in ('vanished', 'appeared')}
    shown = next(rows for rows in read_tables((PROJECT / 'README.md').read_text()) if 'lesion Dice' in rows[0])
    reports = json.loads((PROJECT / 'results/style_truth_phantoms.json').read_text())
    written = [
        {
            'direction': report['direction'],
            'method': method,
            **{name: f'{row[key]:.3f}' for name, key in columns.items()},
        }
        for report in reports
        for method, row in report['methods'].items()
    ]
    assert shown == written and len(written) == 8
