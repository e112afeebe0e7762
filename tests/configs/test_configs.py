"""Every config builds; each entry config takes a step on phantoms (see tests/apis/test_demo_configs.py)."""

import json
from functools import cache
from pathlib import Path

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from mammo_plugins.compat.pretrained_weights import drop_pretrained

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(
    path.relative_to(ROOT)
    for folder in (ROOT / 'configs', *(ROOT / 'projects').glob('*/configs'))
    for path in folder.rglob('*.py')
    if '_base_' not in path.parts
)


def load(path: Path) -> Config:
    cfg = Config.fromfile(ROOT / path)
    drop_pretrained(cfg.model)  # tests have no network
    return cfg


@cache
def count_parameters(model: str) -> int:
    """Of a model from its config as json; many rows of a paper share one, which is built once."""
    return sum(parameter.numel() for parameter in MODELS.build(ConfigDict(json.loads(model))).parameters())


@pytest.mark.parametrize('path', CONFIGS, ids=str)
def test_config_builds_its_model(path):
    cfg = load(path)
    init_default_scope(cfg.default_scope)
    assert count_parameters(json.dumps(cfg.model.to_dict(), sort_keys=True)) > 1e5


@cache
def is_pretraining(path: Path) -> bool:
    """Whether a config learns without labels, so that there is nothing to predict and score."""
    return load(path).train_dataloader.dataset.pipeline[-1].type == 'PackCopies'


@pytest.mark.parametrize('path', CONFIGS, ids=str)
def test_config_names_data_metric_and_schedule(path):
    cfg = load(path)
    if is_pretraining(path):
        assert cfg.train_dataloader.dataset.type in ('CaseDataset', 'StylePairDataset') and cfg.train_cfg.max_iters > 0
        assert 'val_dataloader' not in cfg and 'test_dataloader' not in cfg
        return
    for split in ('train', 'val', 'test'):
        assert cfg[f'{split}_dataloader'].dataset.type == 'CaseDataset'
    assert cfg.test_dataloader.dataset.test_mode
    assert cfg.test_dataloader.dataset.split == 'test'
    modality = cfg.test_dataloader.dataset.modality
    for evaluator in cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]:
        assert evaluator.split == 'test'
        assert evaluator.modality in (modality if isinstance(modality, list) else [modality])
    assert cfg.train_cfg.max_iters > 0


def test_entry_configs_hold_the_settings_of_the_paper():
    cfg = load(Path('configs/mm3d_dbt.py'))
    model = cfg.model
    assert model.backbone.model_name == 'pvt_v2_b2_li'
    assert model.roi_head.num_stages == 6
    load_step, *_, resize = cfg.train_dataloader.dataset.loading
    assert (load_step.num_slices, resize.width, resize.max_length) == (16, 1100, 2200)
    assert cfg.optim_wrapper.optimizer == dict(type='AdamW', lr=2.5e-5, weight_decay=1e-4)


def test_ffdm_and_dbt_configs_share_one_model():
    ffdm, dbt = load(Path('configs/mnm_ffdm.py')), load(Path('configs/mm3d_dbt.py'))
    assert ffdm.model == dbt.model
    assert ffdm.train_dataloader.dataset.loading[0].num_slices == 1


@pytest.mark.parametrize(
    ('source', 'target'),
    [
        ('configs/mnm_ffdm.py', 'configs/mm3d_dbt.py'),
        ('configs/demo/mnm_ffdm.py', 'configs/demo/mip_dbt.py'),
        ('configs/demo/mnm_ffdm.py', 'configs/demo/mm3d_dbt.py'),
    ],
)
def test_dbt_configs_start_from_the_last_checkpoint_of_the_ffdm_config(source, target):
    last = f'work_dirs/mnm_ffdm/iter_{load(Path(source)).train_cfg.max_iters}.pth'
    assert load(Path(target)).load_from.endswith(last)
