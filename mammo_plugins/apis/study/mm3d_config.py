"""From the config of a row of M&M-3D to the same row on phantoms, at the size of a preset."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from mammo_plugins.apis.phantoms.making import phantom_options
from mammo_plugins.apis.stages.config_differences import config_differences

from .phantom_config import read_config
from .study import StudyEntry, StudyPreset

FIRST = 'mnm_ffdm'  # the others start from its weights
REFERENCE = 'configs/mm3d_dbt.py'
COCO_REFERENCE = 'projects/mm3d/configs/mm3d_r50.py'
HISTOGRAM = 'ffdm_histogram.json'
"""Reference of histogram matching, beside the phantoms."""

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_CARRIED = re.compile(
    r'(loading|dataset|train_pipeline|slice_fusion|load_from)\b'  # variables, and where weights come from
    r'|model\.(type$|roi_head\.bbox_head\.slice_fusion\b)'
    r'|(train|val|test)_dataloader\.dataset\.loading$'
    r'|train_dataloader\.dataset\.(pipeline$|subset\b|filter_cfg\b)'
)
_QUIET = {'log_level': 'WARNING', 'custom_hooks': [dict(type='IterationSeedHook')]}


def row_config(
    entry: StudyEntry, preset: StudyPreset, annotations: Mapping[str, Path], root: Path, seed: int
) -> Config:
    """The config of a training or test, see :data:`~.study.ConfigMaker`."""
    base, row = read_config(str(preset.config)), entry.row or entry.name
    if row == FIRST:
        cfg = read_config(base.study.ffdm_config)
    else:
        cfg = apply_row(base, read_config(entry.fields['config']), read_config(_reference_of(row)))
    cfg.merge_from_dict({**phantom_options(root), **_QUIET, 'randomness.seed': seed, 'load_from': None})
    if not starts_from_ffdm(row):
        cfg.model.backbone.frozen_stages = -1  # nothing has been learned yet that could be kept
    for loader in _LOADERS:
        for step in cfg[loader].dataset.loading:
            if step.type == 'MatchHistogram':
                step.reference = str(root / HISTOGRAM)
        if 'subset' in cfg[loader].dataset:
            cfg[loader].dataset.subset.seed = seed
    return cfg


def starts_from_ffdm(row: str) -> bool:
    """Whether a row starts from the weights of M&M on FFDM."""
    return row != FIRST and not row.startswith('mm3d_coco')


def _reference_of(row: str) -> str:
    """The config that the row's own changes: published COCO weights are those of a ResNet."""
    return REFERENCE if starts_from_ffdm(row) else COCO_REFERENCE


def apply_row(base: Config, row: Config, reference: Config) -> Config:
    """The config of a study, changed as the config of a row changes the reference config of the paper.

    Args:
        base: the reference at the size of the study; ``study`` holds what it is smaller by.
        row: config of the row.
        reference: config that the row inherits from.

    Raises:
        ValueError: the row changes something that is not carried over.
    """
    _check_changes(row, reference)
    cfg = copy.deepcopy(base)
    changed = {key: value for key, value in row.model.items() if key not in reference.model or key == 'type'}
    cfg.model.update(changed)
    cfg.model.roi_head.bbox_head.slice_fusion = _small_fusion(row, cfg)
    own_steps = row.train_dataloader.dataset.loading[len(reference.train_dataloader.dataset.loading) :]
    num_slices = _small_slices(row, cfg)
    for loader in _LOADERS:
        first, *others = base[loader].dataset.loading
        cfg[loader].dataset.loading = [dict(first, num_slices=num_slices), *others, *copy.deepcopy(own_steps)]
    of_row, of_study = row.train_dataloader.dataset, cfg.train_dataloader.dataset
    of_study.pipeline = copy.deepcopy(of_row.pipeline)
    of_study.subset = {**base.train_dataloader.dataset.subset, **of_row.get('subset', {})}
    if 'filter_cfg' in of_row:
        of_study.filter_cfg = of_row.filter_cfg
    return cfg


def _small_slices(row: Config, cfg: Config) -> int:
    return max(1, row.train_dataloader.dataset.loading[0].num_slices // cfg.study.slice_divisor)


def _small_fusion(row: Config, cfg: Config) -> dict:
    """The row's fusion for the study's widths and numbers."""
    fusion = dict(row.model.roi_head.bbox_head.slice_fusion)
    sizes = {
        'embed_dims': cfg.model.roi_head.bbox_head.in_channels,
        'num_proposals': cfg.model.rpn_head.num_proposals,
        'num_slices': _small_slices(row, cfg),
    }
    return {**fusion, **{name: size for name, size in sizes.items() if name in fusion}}


def _check_changes(row: Config, reference: Config) -> None:
    """A row that changes what nobody carries over would be the reference under another name."""
    different = [
        name
        for name in config_differences(row.to_dict(), reference.to_dict())
        if not (_CARRIED.match(name) or _is_new_model_key(name, reference))
    ]
    steps = reference.train_dataloader.dataset.loading
    own = row.train_dataloader.dataset.loading
    if own[: len(steps)] != [dict(steps[0], num_slices=own[0].num_slices), *steps[1:]]:
        different.append('loading beyond num_slices and further steps')
    if any(row[loader].dataset.loading != own for loader in _LOADERS):
        different.append('loading of some splits only')
    if different:
        raise ValueError(f'the row changes {", ".join(sorted(different))}, which a study does not carry over')


def _is_new_model_key(name: str, reference: Config) -> bool:
    part, _, key = name.partition('.')
    return part == 'model' and key.split('.')[0] not in reference.model
