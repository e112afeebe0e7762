"""Phantoms, and runs of the demo configs on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms

DEMO_CONFIGS = ('mnm_ffdm', 'mip_dbt', 'mm3d_dbt')


@pytest.fixture(scope='session')
def phantom_root(tmp_path_factory) -> Path:
    """A folder with the phantoms of six patients in ``phantoms`` and their annotations in ``phantoms.json``."""
    root = tmp_path_factory.mktemp('demo')
    make_phantoms(root / 'phantoms', cases=6, seed=5, size='96x64x12', split=(0.5, 0.2, 0.3), workers=1)
    convert_dataset('phantom', root / 'phantoms', root / 'phantoms.json')
    return root


@pytest.fixture(scope='session')
def ffdm_checkpoint(phantom_root, tmp_path_factory) -> Path:
    """Weights of ``configs/demo/mnm_ffdm.py`` after one step."""
    from mammo_plugins.apis.train import train

    work_dir = tmp_path_factory.mktemp('weights')
    train('configs/demo/mnm_ffdm.py', work_dir=work_dir, cfg_options=quick_options(phantom_root))
    return work_dir / 'iter_1.pth'


def quick_options(root: Path, max_iters: int = 1, **changes: object) -> dict[str, object]:
    """Overrides that make a demo config run on the phantoms of ``phantom_root`` in seconds."""
    loaders = {f'{name}_dataloader.dataset.data_root': f'{root}/' for name in ('train', 'val', 'test')}
    evaluators = {f'{name}_evaluator.ann_file': str(root / 'phantoms.json') for name in ('val', 'test')}
    return {
        **loaders,
        **evaluators,
        'train_dataloader.batch_size': 2,
        'test_dataloader.batch_size': 2,
        'train_cfg.max_iters': max_iters,
        'load_from': None,
        'log_level': 'WARNING',
        **changes,
    }
