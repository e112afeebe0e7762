"""The generators of several trainings in one folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mammo_plugins.apis.run_config import load_run_config, named_config_errors
from mammo_plugins.apis.weight_fit import read_weights, require_whole_fit
from mammo_plugins.datasets.styles import LearnedStyles, write_styles
from mammo_plugins.datasets.styles.style_folder import check_style

_SIDES = ('first', 'second')


def gather_styles(
    folder: str | Path, checkpoints: Sequence[str | Path], trust_checkpoint: bool = False
) -> LearnedStyles:
    """Puts the generators of trainings of ``CycleGAN`` into a folder of styles.

    Args:
        folder: see :mod:`~mammo_plugins.datasets.styles.style_folder`; what it holds is replaced.
        checkpoints: one of each two styles, in the folder that its training wrote, with the config beside it.
        trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        FileNotFoundError: a checkpoint, or the config beside it, is missing.
        ValueError: a checkpoint is of another model, two speak of the same styles or see images differently, or two
            styles have no training.
    """
    styles: dict[str, list[str]] = {}
    weights, sources = {}, {}
    shared: dict[str, Any] = {}
    for checkpoint in map(Path, checkpoints):
        cfg = _config_beside(checkpoint, trust_checkpoint)
        names = [_add_style(styles, cfg.train_dataloader.dataset[side], checkpoint) for side in _SIDES]
        _agree(shared, _settings(cfg), checkpoint)
        state = _whole_weights(checkpoint, cfg)
        for source, target, part in ((*names, 'to_second'), (*reversed(names), 'to_first')):
            if (source, target) in weights:
                raise ValueError(f'{checkpoint}: {source} to {target} is there already: give one training of a pair')
            prefix = f'{part}.'
            weights[source, target] = {
                name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)
            }
            sources[source, target] = f'{checkpoint.parent.name}/{checkpoint.name}'
    if not weights:
        raise ValueError('give the checkpoints of CycleGAN trainings, one of each two styles')
    return write_styles(folder, styles, weights, sources=sources, **shared)


def _config_beside(checkpoint: Path, trusted: bool) -> Config:
    if not checkpoint.is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint} does not exist')
    configs = sorted(checkpoint.parent.glob('*.py'))
    if len(configs) != 1:
        raise FileNotFoundError(
            f'{checkpoint.parent} has {len(configs)} configs (*.py), where the one of its training is needed beside '
            f'{checkpoint.name}'
        )
    cfg = load_run_config(configs[0], trust_checkpoint=trusted)
    if cfg.model.type != 'CycleGAN' or any(side not in cfg.train_dataloader.dataset for side in _SIDES):
        raise ValueError(f'{configs[0]} is no training of a CycleGAN on a StylePairDataset')
    return cfg


def _add_style(styles: dict[str, list[str]], side: Mapping[str, Any], checkpoint: Path) -> str:
    name, makers = check_style(**side)
    if styles.setdefault(name, makers) != makers:
        raise ValueError(f'{checkpoint}: style {name} is of {makers}, in an earlier training of {styles[name]}')
    return name


def _settings(cfg: Config) -> dict[str, Any]:
    """What all trainings must share, as plain values."""
    settings = dict(
        network=cfg.model.generator,
        window=(cfg.model.get('data_preprocessor') or {}).get('window', (0.0, 1.0)),
        loading=cfg.train_dataloader.dataset.loading,
    )
    return json.loads(json.dumps(settings))


def _agree(shared: dict[str, Any], own: dict[str, Any], checkpoint: Path) -> None:
    for name, value in own.items():
        if shared.setdefault(name, value) != value:
            raise ValueError(f'{checkpoint}: {name} is {value}, in an earlier training {shared[name]}')


def _whole_weights(checkpoint: Path, cfg: Config) -> dict[str, Any]:
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    with named_config_errors(cfg.filename):
        model = MODELS.build(cfg.model)
    state = read_weights(checkpoint)
    require_whole_fit(checkpoint, state, model)
    return state
