"""The configs of DisAsymNet made small: a tiny encoder, two blocks, images of 64 x 32 pixels at most."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from mammo_plugins.commands.main import main

CONFIGS = Path(__file__).parents[3] / 'projects/disasymnet/configs'
LOADING = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=32, max_length=64),
]


def make_data(root: Path) -> Path:
    """Symmetric phantoms with masks in each split, those of others, and the bank of their tumours."""
    sizes = ['--size', '96x64x4', '--preset', 'symmetric', '--workers', '1']
    split = ['--split', '0.5', '0.25', '0.25']
    for name, cases, seed, options in (('pairs', 4, 5, split), ('others', 3, 6, [])):
        assert main(['phantoms', str(root / name), '--cases', str(cases), '--seed', str(seed), *sizes, *options]) == 0
        assert main(['convert', 'phantom', str(root / name), str(root / f'{name}.json'), '--no-progress']) == 0
    assert main(['tumour-bank', str(root / 'others.json'), str(root / 'tumours')]) == 0
    return root


def small(name: str, root: Path | None, steps: int = 2) -> dict[str, object]:
    """Overrides that shrink a config; the bank is that of :func:`make_data`, or the config's own without a root."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    asyc = cfg.model.asyc
    encoder = 'model.asyc.backbone.backbone' if asyc.backbone.type == 'CrossViewBackbone' else 'model.asyc.backbone'
    options = {
        f'{encoder}.model_name': 'test_resnet',
        f'{encoder}.pretrained': False,
        'model.asyc.fusion.in_channels': 96,
        'train_dataloader.batch_size': 2,
        'train_cfg.max_iters': steps,
        'train_cfg.val_interval': 100,
        'log_level': 'ERROR',
        'test_evaluator.0.bootstrap': 0,
    }
    if 'num_blocks' in asyc.fusion:
        options['model.asyc.fusion.num_blocks'] = 2
    if cfg.model.asyd is not None:
        options['model.asyd.in_channels'] = 96 if 'num_blocks' in asyc.fusion else 192
        options['model.asyd.stage_channels'] = [32, 32, 48, 192, 96]
        options['model.asyd.channels'] = [16, 16, 8, 8, 8]
    pipeline = [step.type for step in cfg.train_dataloader.dataset.pipeline]
    if root is not None and 'InsertTumours' in pipeline:
        bank = f'train_dataloader.dataset.pipeline.{pipeline.index("InsertTumours")}.bank'
        options |= {f'{bank}.folder': str(root / 'tumours'), f'{bank}.shared_ids_are_others': True}
    for part in ('train', 'val', 'test'):
        options |= {
            f'{part}_dataloader.num_workers': 0,
            f'{part}_dataloader.persistent_workers': False,
            f'{part}_dataloader.dataset.loading': LOADING,
        }
    return options
