"""Weights of another model, as far as they fit a config: mmdet's published ones, those of effdet, of GLAM and GMIC."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from rich.console import Console
from torch import Tensor

from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.compat.checkpoints import load_checkpoint_file
from mammo_plugins.compat.pretrained_weights import drop_pretrained

from .effdet_names import is_effdet, rename_effdet
from .glam_names import RELEASED_LABELS, is_glam, rename_glam


@dataclass(frozen=True)
class ConversionTable:
    """What became of every weight.

    Attributes:
        copied: names of weights that fit.
        reshaped: name to both shapes, of weights that the model has in another shape; they start fresh.
        unused: names of weights that the model does not have.
        fresh: names of the model's weights that the checkpoint does not have.
    """

    copied: list[str] = field(default_factory=list)
    reshaped: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)


def convert_checkpoint(source: str | Path, config: str | Path, out: str | Path, **config_options) -> ConversionTable:
    """Writes the weights that a config's model can take, to be named by its ``load_from``.

    Names of mmdet's detectors are this project's names, so their weights are copied as they are; those of the package
    effdet are renamed (see :func:`~mammo_plugins.apis.convert.effdet_names.rename_effdet`), and so are the released
    ones of GLAM and GMIC (:func:`~mammo_plugins.apis.convert.glam_names.rename_glam`). Weights of another shape (the
    classifier of 80 classes) or without counterpart (another backbone) are left out, and the model initialises its own.

    Args:
        source: path or URL of a checkpoint.
        config: config of the model that is to be trained.
        out: checkpoint to write.
        **config_options: as for :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        ValueError: no weight fits, or the checkpoint cannot be read.
    """
    cfg = load_run_config(config, **config_options)
    weights = _state_dict(load_checkpoint_file(source, trusted=config_options.get('trust_checkpoint', False)), source)
    if is_effdet(weights):
        weights = rename_effdet(weights)
    elif is_glam(weights):
        weights = rename_glam(weights, cfg.model.get('label_names', RELEASED_LABELS))
    wanted = _model_weights(cfg)
    table = ConversionTable(
        copied=[name for name, value in weights.items() if name in wanted and wanted[name].shape == value.shape],
        reshaped={
            name: (tuple(value.shape), tuple(wanted[name].shape))
            for name, value in weights.items()
            if name in wanted and wanted[name].shape != value.shape
        },
        unused=[name for name in weights if name not in wanted],
        fresh=[name for name in wanted if name not in weights],
    )
    if not table.copied:
        raise ValueError(f'{source}: none of its {len(weights)} weights fits the model of {config}')
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    meta = {'converted_from': Path(str(source)).name, 'config': Path(config).name}
    torch.save({'meta': meta, 'state_dict': {name: weights[name] for name in table.copied}}, out)
    return table


def print_conversion(table: ConversionTable, console: Console | None = None) -> None:
    """Prints every weight and what became of it."""
    console = console or Console()
    for what, names in (
        ('copied', table.copied),
        ('another shape', [f'{name} {old} -> {new}' for name, (old, new) in table.reshaped.items()]),
        ('not in the model', table.unused),
        ('not in the checkpoint', table.fresh),
    ):
        for name in names:
            console.print(f'{what}: {name}', highlight=False, soft_wrap=True)
    console.print(
        f'{len(table.copied)} weights copied, {len(table.reshaped)} of another shape, {len(table.unused)} not in the '
        f'model; {len(table.fresh)} of the model start fresh',
        highlight=False,
        soft_wrap=True,
    )


def _state_dict(content: Any, source: str | Path) -> dict[str, Tensor]:
    weights = content.get('state_dict', content) if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise ValueError(f'{source}: holds no state dict of tensors')
    return {name.removeprefix('module.'): value for name, value in weights.items()}


def _model_weights(cfg: Config) -> dict[str, Tensor]:
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    drop_pretrained(cfg.model)  # its own weights do not matter here
    return MODELS.build(cfg.model).state_dict()
