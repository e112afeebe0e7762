"""Every config of pretraining takes steps on small images, and its backbone goes into a detector and a classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.train import train
from mammo_plugins.apis.weight_fit import WeightsDoNotFitError
from mammo_plugins.commands.main import main
from mammo_plugins.io import read_annotations
from tests.apis.train.test_distributed import weights
from tests.datasets.conftest import build_release
from tests.warm_processes import run_in_two

CONFIGS = Path(__file__).parents[3] / 'projects/msvcl/configs'
NAMES = sorted(
    path.stem
    for path in CONFIGS.glob('*.py')
    if 'PackCopies' in str(Config.fromfile(path).to_dict()) and not path.stem.startswith('cyclegan')
)
COPY = 'train_dataloader.dataset.pipeline.0.transforms'


@TASK_UTILS.register_module()
class TwoGammas:
    """Stands in for learned styles."""

    def styles(self, view):
        return ['own', 'dark', 'bright']

    def show(self, view, style):
        return view['img'] ** np.float32({'own': 1.0, 'dark': 1.5, 'bright': 0.7}[style])


@pytest.fixture(scope='module')
def release(tmp_path_factory):
    return build_release(tmp_path_factory.mktemp('release'))


def small(name: str, release, steps: int = 2) -> dict:
    """Overrides that shrink a config: ResNet-18, crops of 32 pixels, four images a step."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    transforms = [step.type for step in cfg.train_dataloader.dataset.pipeline[0].transforms]
    by_breast = cfg.train_dataloader.dataset.group_by == 'breast'
    options = {
        'model.backbone.depth': 18,
        'model.backbone.init_cfg': None,
        'model.neck.in_channels': 512,
        'model.neck.hid_channels': 16,
        'model.neck.out_channels': 8,
        f'{COPY}.{transforms.index("RandomResizedCropBreast")}.size': 32,
        'train_dataloader.batch_size': 2 if by_breast else 4,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_cfg.max_iters': steps,
        'param_scheduler': [],
        'log_level': 'ERROR',
    }
    if 'RandomStyle' in transforms:
        options[f'{COPY}.{transforms.index("RandomStyle")}.bank'] = dict(type='TwoGammas', _delete_=True)
    if name == 'moco_v2':
        options |= {'model.queue_len': 8, 'model.feat_dim': 8}
    if name == 'byol':
        predictor = {'in_channels': 8, 'hid_channels': 16, 'out_channels': 8}
        options |= {f'model.head.predictor.{key}': value for key, value in predictor.items()}
    return dict(ann_file=release and release.path, cfg_options=options)


@pytest.fixture(scope='module')
def pretrained(release, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('msvcl_v2')
    train(CONFIGS / 'msvcl_v2.py', work_dir=folder, **small('msvcl_v2', release))
    return folder / 'iter_2.pth'


@pytest.mark.parametrize('name', NAMES)
def test_config_takes_steps(name, release, tmp_path):
    runner = train(CONFIGS / f'{name}.py', work_dir=tmp_path, **small(name, release))
    assert runner.iter == 2
    state = torch.load(tmp_path / 'iter_2.pth', weights_only=False)['state_dict']
    assert all(value.isfinite().all() for value in state.values())
    assert sum(key.startswith('backbone.layer4') for key in state) > 10
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == 2 and np.isfinite(losses).all() and np.abs(losses).min() > 1e-3


@pytest.mark.parametrize('name', NAMES)
def test_lars_scales_weights_and_leaves_norms_and_biases(name, release):
    from mmengine.optim import build_optim_wrapper

    init_default_scope('mmdet')
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict({k: v for k, v in small(name, release)['cfg_options'].items() if k.startswith('model.')})
    optimizer = build_optim_wrapper(MODELS.build(cfg.model), cfg.optim_wrapper).optimizer
    assert type(optimizer).__name__ == 'LARS'
    for group in optimizer.param_groups:
        is_flat = all(parameter.ndim == 1 for parameter in group['params'])
        assert bool(group.get('lars_exclude')) == is_flat
        assert (group['weight_decay'] == 0) == is_flat
        assert group['lr'] == 0.3


def test_styles_without_a_bank_are_refused(release, tmp_path):
    run = small('mscl', release)
    run['cfg_options'] = {key: value for key, value in run['cfg_options'].items() if 'bank' not in key}
    with pytest.raises(
        FileNotFoundError, match=r'data/styles/styles\.json does not exist: train projects/msvcl/styles_plan'
    ):
        train(CONFIGS / 'mscl.py', work_dir=tmp_path, **run)
    run['cfg_options'][f'{COPY}.0.bank'] = None
    with pytest.raises(ValueError, match='RandomStyle needs a bank of styles'):
        train(CONFIGS / 'mscl.py', work_dir=tmp_path, **run)


def test_two_processes_train_as_one(release, tmp_path):
    """With batch statistics frozen, so that samples are treated one by one."""
    options = small('mvcl', release)['cfg_options'] | {
        'model.scheme': 'msvcl_v2',
        'model.backbone.norm_eval': True,
        'model.neck.norm_cfg.type': 'GN',
        'model.neck.norm_cfg.num_groups': 4,
        'train_dataloader.dataset.pipeline.0.num_copies': 2,
    }
    config, half = CONFIGS / 'mvcl.py', {'train_dataloader.batch_size': 1}
    train(config, work_dir=tmp_path / 'one', ann_file=release.path, cfg_options=options)
    arguments = [config, '--work-dir', tmp_path / 'two', '--ann', release.path]
    run_in_two('tools/train.py', arguments, options | half)
    one, two = (weights(tmp_path / name / 'iter_2.pth') for name in ('one', 'two'))
    assert one.keys() == two.keys()
    assert max((one[name] - two[name]).abs().max().item() for name in one) < 1e-4


def fcos(release, checkpoint: Path, depth: int = 18) -> dict:
    channels = [128, 256, 512] if depth == 18 else [512, 1024, 2048]
    loading = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')]
    loaders = {f'{split}_dataloader.dataset.loading': loading for split in ('train', 'val', 'test')}
    validation = {f'{part}_dataloader.dataset.split': 'validation' for part in ('val', 'test')}
    return dict(
        ann_file=release.path,
        cfg_options={
            **loaders,
            **validation,
            'train_dataloader.num_workers': 0,
            'train_dataloader.persistent_workers': False,
            'val_dataloader.num_workers': 0,
            'val_dataloader.persistent_workers': False,
            'train_cfg.max_iters': 1,
            'train_cfg.val_interval': 100,
            'optim_wrapper.optimizer.lr': 0.0,
            'model.detector.backbone.depth': depth,
            'model.detector.neck.in_channels': [64 if depth == 18 else 256, *channels],
            'model.detector.backbone.init_cfg': dict(type='Pretrained', checkpoint=str(checkpoint), prefix='backbone.'),
            'log_level': 'INFO',
        },
    )


def test_fcos_starts_from_the_pretrained_backbone_and_says_so(release, pretrained, tmp_path):
    runner = train('configs/fcos_ffdm.py', work_dir=tmp_path, **fcos(release, pretrained))
    weights = torch.load(pretrained, weights_only=False)['state_dict']
    found = runner.model.detector.backbone.state_dict()
    moved = ('running_mean', 'running_var', 'num_batches_tracked')
    compared = [name for name in found if not name.endswith(moved)]
    assert len(compared) == 60
    assert all(torch.equal(found[name], weights[f'backbone.{name}']) for name in compared)
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert f'model.detector.backbone starts from backbone. of {pretrained}: 100 of 100 weights' in log


def test_backbone_of_another_size_is_refused(release, pretrained, tmp_path):
    with pytest.raises(WeightsDoNotFitError, match=r'model\.detector\.backbone\.init_cfg: .* another shape'):
        train('configs/fcos_ffdm.py', work_dir=tmp_path, **fcos(release, pretrained, depth=50))


@pytest.mark.parametrize('detector', ['fcos', 'retinanet', 'faster_rcnn', 'atss', 'dino'])
def test_ready_detectors_have_the_weights_of_the_pretrained_backbone(detector, repository):
    init_default_scope('mmdet')
    pretraining, ready = (
        Config.fromfile(path).model for path in (CONFIGS / 'simclr.py', repository / f'configs/{detector}_ffdm.py')
    )
    ours, theirs = (MODELS.build(config).state_dict() for config in (pretraining.backbone, ready.detector.backbone))
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}


def test_classifier_of_mmpretrain_starts_from_the_pretrained_backbone(pretrained):
    init_default_scope('mmdet')
    classifier = MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor'),
            backbone=dict(
                type='mmpretrain.ResNet',
                depth=18,
                init_cfg=dict(type='Pretrained', checkpoint=str(pretrained), prefix='backbone.'),
            ),
            neck=dict(type='mmpretrain.GlobalAveragePooling'),
            head=dict(type='mmpretrain.LinearClsHead', num_classes=2, in_channels=512),
        )
    )
    classifier.init_weights()
    weights = torch.load(pretrained, weights_only=False)['state_dict']
    found = classifier.backbone.state_dict()
    assert len(found) == sum(name.startswith('backbone.') for name in weights) == 120
    assert all(torch.equal(value, weights[f'backbone.{name}']) for name, value in found.items())


def test_folder_of_dicom_is_pretrained_on(tmp_path):
    make_phantoms(tmp_path / 'phantoms', cases=2, seed=5, size='96x64x4', workers=1)
    (tmp_path / 'phantoms/readme.txt').write_text('no image')
    for table in (tmp_path / 'phantoms').glob('*.csv'):
        table.unlink()
    ann_file = tmp_path / 'images.json'
    assert main(['convert', 'folder', str(tmp_path / 'phantoms'), str(ann_file), '--no-progress']) == 0
    images = read_annotations(ann_file).select(modality='FFDM').images
    assert len(images) == 8 and not any(image.split or image.labels for image in images)
    run = small('msvcl_v2', None)['cfg_options'] | {'train_dataloader.dataset.split': None}
    runner = train(CONFIGS / 'msvcl_v2.py', work_dir=tmp_path / 'run', ann_file=ann_file, cfg_options=run)
    assert runner.iter == 2 and len(runner.train_dataloader.dataset) == 4


def test_a_file_is_no_folder(tmp_path, capsys):
    (tmp_path / 'image.png').touch()
    assert main(['convert', 'folder', str(tmp_path / 'image.png'), str(tmp_path / 'out.json')]) == 2
    assert 'name the folder that it lies in' in capsys.readouterr().err
