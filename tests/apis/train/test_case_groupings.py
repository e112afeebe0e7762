"""The base data sets of pairs train a step, validate and fill a cache on phantoms."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.apis.cache import cache_volumes
from mammo_plugins.apis.train.training import train
from tests.apis.conftest import quick_options

BASES = ('default_runtime.py', 'models/mnm_tiny.py', 'schedules/demo.py')
SIZE = dict(width=64, max_length=128)
TURN = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')]
PACK = dict(type='PackCaseInputs')
CHAINS = {  # base: loading, transforms of a case
    'sm_ffdm_pairs': (TURN, [dict(type='ShareGrid', **SIZE), PACK]),
    'bilateral': ([*TURN, dict(type='CropBreast'), dict(type='ResizeBreast', **SIZE)], [PACK]),
}


def write_config(folder: Path, base: str, root: Path, repository: Path) -> Path:
    """A user's config on top of a base data set, with images of the demo's size."""
    loading, pipeline = CHAINS[base]
    dataset = dict(ann_file='phantoms.json', data_root=f'{root}/', loading=loading, pipeline=pipeline)
    loader = dict(num_workers=0, persistent_workers=False, dataset=dataset)
    names = [f'{repository}/configs/_base_/{name}' for name in (*BASES, f'datasets/{base}.py')]
    path = folder / f'{base}_user.py'
    loaders = [f'{split}_dataloader = {loader}\n' for split in ('train', 'val', 'test')]
    path.write_text(f'_base_ = {names}\n' + ''.join(loaders))
    return path


@pytest.mark.parametrize(('base', 'group_by'), [('sm_ffdm_pairs', 'modalities'), ('bilateral', 'bilateral')])
def test_base_data_set_of_pairs_trains_and_fills_a_cache(base, group_by, phantom_root, repository, tmp_path):
    config = write_config(tmp_path, base, phantom_root, repository)
    options = quick_options(phantom_root, **{'train_dataloader.sampler.positive_fraction': None})  # few patients
    runner = train(config, work_dir=tmp_path / 'run', cfg_options=options)
    dataset = runner.train_dataloader.dataset
    assert runner.iter == 1 and dataset.group_by == group_by and len(dataset) > 2 and not dataset.incomplete
    assert 0 <= runner.message_hub.get_scalar('val/mm3d/R@0.5').current() <= 1
    cached = cache_volumes(config, tmp_path / 'cache', splits=['train'], workers=1, cfg_options=options)
    assert (cached.prepared, cached.found, cached.failed) == (2 * len(dataset), 0, {})
