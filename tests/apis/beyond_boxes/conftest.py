"""Configs of models that label or map phantoms, and checkpoints of one training step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mammo_plugins.apis.train import train

_LOADING = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=48, max_length=96),
]
_CONFIG = """
_base_ = ['{repository}/configs/_base_/' + name for name in (
    'default_runtime.py', 'datasets/{base}.py', 'schedules/demo.py')]
custom_imports = dict(imports=['mammo_plugins.registration', 'tests.toy_case_models'], allow_failed_imports=False)
model = dict(data_preprocessor=dict(type='CaseDataPreprocessor', num_channels=1), **{model})
dataset = dict(ann_file='{ann_file}', data_root='', loading={loading}, labels=['malignant', 'density'])
loader = dict(batch_size=2, num_workers=0, persistent_workers=False)
train_dataloader = dict(
    sampler=dict(positive_fraction=None), dataset=dict(pipeline=[dict(type='PackCaseInputs')], **dataset), **loader
)
val_dataloader = dict(dataset=dataset, **loader)
test_dataloader = dict(dataset=dict(split=None, **dataset), **loader)
train_cfg = dict(max_iters=1)
images = dict(ann_file='{ann_file}', modality='FFDM', bootstrap=20)
val_evaluator = dict(_delete_=True, type='LabelMetric', ann_file='{ann_file}', split='validation', modality='FFDM')
test_evaluator = {metrics}
log_level = 'WARNING'
"""
_LABELS = "dict(type='LabelMetric', **images)"
_MAPS = "dict(type='SaliencyMetric', outdir='{folder}/unused', **images)"


def write_config(path: Path, repository: Path, root: Path, base: str, model: dict, metrics: str) -> Path:
    """A user's config on top of a base data set; it tests on the images of all splits, for numbers that exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        _CONFIG.format(
            repository=repository,
            base=base,
            model=model,
            ann_file=root / 'phantoms.json',
            loading=_LOADING,
            metrics=metrics.format(folder=path.parent),
        )
    )
    return path


@pytest.fixture(scope='session')
def trained(phantom_root, repository, tmp_path_factory) -> Callable[[str], tuple[Path, Path]]:
    """Config and checkpoint of a model after a step: ``image``, ``breast`` or ``bilateral`` (labels), or ``maps``."""
    of_images = dict(type='ToyClassifier', of_cases=False)
    kinds = {
        'image': ('ffdm_images', of_images, f'[{_LABELS}]'),
        'breast': ('ffdm', dict(type='ToyClassifier'), f'[{_LABELS}]'),
        'bilateral': ('bilateral', dict(type='ToyClassifier'), f'[{_LABELS}]'),
        'maps': ('ffdm_images', dict(type='ToySegmenter'), f'[{_LABELS}, {_MAPS}]'),
    }
    made: dict[str, tuple[Path, Path]] = {}

    def train_once(kind: str) -> tuple[Path, Path]:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            config = write_config(folder / f'{kind}.py', repository, phantom_root, *kinds[kind])
            train(config, work_dir=folder)
            made[kind] = (config, folder / 'iter_1.pth')
        return made[kind]

    return train_once
