"""Whether the weights of a checkpoint are those of a model: names and shapes, before anything is computed with them."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

_UNSAVED = 'num_batches_tracked'  # counters of batch normalisation, which old checkpoints lack


class WeightsDoNotFitError(ValueError):
    """A checkpoint holds the weights of another model, or none that can be computed with."""


@dataclass(frozen=True)
class WeightFit:
    """What becomes of every weight, by name.

    Attributes:
        loaded: weights of one name and shape.
        reshaped: name to both shapes (checkpoint, model), of weights that the model has in another shape.
        missing: weights of the model that the checkpoint does not have.
        unexpected: weights of the checkpoint that the model does not have.
    """

    loaded: list[str] = field(default_factory=list)
    reshaped: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        total = len(self.loaded) + len(self.reshaped) + len(self.missing)
        parts = [f'{len(self.loaded)} of {total} weights of the model loaded']
        fresh = len(self.reshaped) + len(self.missing)
        if fresh:
            parts.append(f'{fresh} start fresh ({_parts_of([*self.reshaped, *self.missing])})')
        if self.unexpected:
            parts.append(f'{len(self.unexpected)} of the checkpoint unused ({_parts_of(self.unexpected)})')
        return '; '.join(parts)


def compare_weights(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> WeightFit:
    """Compares a checkpoint's weights with those of a model, by name and shape."""
    return WeightFit(
        loaded=[name for name, value in weights.items() if name in wanted and wanted[name].shape == value.shape],
        reshaped={
            name: (tuple(value.shape), tuple(wanted[name].shape))
            for name, value in weights.items()
            if name in wanted and wanted[name].shape != value.shape
        },
        missing=[name for name in wanted if name not in weights],
        unexpected=[name for name in weights if name not in wanted],
    )


def read_weights(source: str | Path) -> dict[str, Tensor]:
    """The weights of a checkpoint by name, as a model without wrapper has them.

    Args:
        source: a path, a web address or one of mmengine's model names such as ``torchvision://resnet50``.

    Raises:
        WeightsDoNotFitError: it holds no weights, or NaN or infinite ones.
        FileNotFoundError, ValueError: see :func:`mammo_plugins.compat.load_checkpoint_file`.
    """
    weights = state_dict_of(CheckpointLoader.load_checkpoint(str(source), map_location='cpu'), source)
    broken = not_finite(weights)
    if broken:
        raise WeightsDoNotFitError(
            f'{source}: {len(broken)} of its {len(weights)} weights hold NaN or infinity, such as {broken[0]}: the '
            'training that wrote it had diverged; take an earlier checkpoint, or train with a lower learning rate'
        )
    return weights


def state_dict_of(content: Any, source: str | Path) -> dict[str, Tensor]:
    """The weights in what a checkpoint holds.

    Raises:
        WeightsDoNotFitError: it holds none.
    """
    weights = content.get('state_dict', content) if isinstance(content, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise WeightsDoNotFitError(f'{source}: holds no state dict of tensors, so it is no checkpoint of a model')
    if not weights:
        raise WeightsDoNotFitError(f'{source}: its state dict is empty')
    return {name.removeprefix('module.'): value for name, value in weights.items()}


def not_finite(weights: Mapping[str, Tensor]) -> list[str]:
    """Names of weights with NaN or infinity."""
    return [name for name, value in weights.items() if value.is_floating_point() and not torch.isfinite(value).all()]


def require_whole_fit(source: str | Path, weights: Mapping[str, Tensor], model: torch.nn.Module) -> None:
    """Refuses weights that are not exactly those of a model, as testing, predicting and resuming need them.

    Raises:
        WeightsDoNotFitError: a weight is missing, too many, or of another shape.
    """
    fit = compare_weights(weights, model.state_dict())
    missing = [name for name in fit.missing if not name.endswith(_UNSAVED)]
    if missing or fit.reshaped or fit.unexpected:
        raise WeightsDoNotFitError(
            f'{source} does not hold the weights of this model: {describe_differences(fit)}; '
            'give the config that the checkpoint was trained with (its work directory holds a copy), or its checkpoint'
        )


def require_start_fit(
    source: str | Path, weights: Mapping[str, Tensor], model: torch.nn.Module, start_fresh: Collection[str] = ()
) -> WeightFit:
    """Refuses weights of another model to start a training from.

    Weights that only one side has are allowed as long as most of each part (backbone, neck, each head) fits: a model
    may have a module that its start weights lack. A weight of another shape is allowed by name only.

    Args:
        source: what to call the checkpoint.
        weights: its weights.
        model: the model to start.
        start_fresh: prefixes or patterns of names, such as ``roi_head.bbox_head.*.fc_cls``, that may start fresh.

    Returns:
        What fits.

    Raises:
        WeightsDoNotFitError: the weights are those of another model; the message says what to change.
    """
    wanted = {name: value for name, value in model.state_dict().items() if not name.endswith(_UNSAVED)}
    fit = compare_weights({k: v for k, v in weights.items() if not k.endswith(_UNSAVED)}, wanted)
    reshaped = [name for name in fit.reshaped if not matches_any(name, start_fresh)]
    poor = _poorly_loaded_parts(fit, start_fresh)
    if reshaped or poor or not fit.loaded:
        fresh = sorted({*poor, *(_without_numbers(name) for name in reshaped if not matches_any(name, poor))})
        suggestion = ','.join(repr(name) for name in [*start_fresh, *fresh])
        raise WeightsDoNotFitError(
            f'load_from={source} holds the weights of another model: {describe_differences(fit)}; name the weights of '
            f'this config, or say what may start fresh: --cfg-options "start_fresh=[{suggestion}]"'
        )
    return fit


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether a dotted name is, or lies under, one of some prefixes or shell patterns."""
    return any(
        name == pattern or name.startswith(f'{pattern}.') or fnmatch.fnmatchcase(name, pattern)
        or fnmatch.fnmatchcase(name, f'{pattern}.*')
        for pattern in patterns
    )  # fmt: skip


def _poorly_loaded_parts(fit: WeightFit, start_fresh: Collection[str]) -> list[str]:
    """Parts of the model of which less than half is loaded, or less than half of what the checkpoint has is used."""
    absent = [name for name in [*fit.reshaped, *fit.missing] if not matches_any(name, start_fresh)]
    unused = [name for name in fit.unexpected if not matches_any(name, start_fresh)]
    depth = _depth_of_parts([*fit.loaded, *fit.reshaped, *fit.missing])
    loaded, without, left = (Counter(map(_part_at(depth), names)) for names in (fit.loaded, absent, unused))
    return [
        part
        for part in dict.fromkeys([*without, *left])
        if without[part] > loaded[part] or (loaded[part] and left[part] > loaded[part])
    ]


def _depth_of_parts(names: Collection[str]) -> int:
    """Components of a name after which the model branches: a detector in a wrapper has one prefix everywhere."""
    depth = 1
    while len({tuple(name.split('.')[:depth]) for name in names}) == 1 and all(
        name.count('.') > depth for name in names
    ):
        depth += 1
    return depth


def _part_at(depth: int):
    return lambda name: '.'.join(name.split('.')[:depth])


def _without_numbers(name: str) -> str:
    """The module of a weight, for every index alike: ``bbox_head.3.fc_cls.bias`` gives ``bbox_head.*.fc_cls``."""
    return '.'.join('*' if part.isdigit() else part for part in name.split('.')[:-1]) or name


def describe_differences(fit: WeightFit) -> str:
    """What does not fit, in a few words."""
    total = len(fit.loaded) + len(fit.reshaped) + len(fit.missing)
    text = [f'{len(fit.loaded)} of {total} weights fit']
    if fit.reshaped:
        name, (theirs, ours) = next(iter(fit.reshaped.items()))
        text.append(f'{len(fit.reshaped)} have another shape, such as {name}: {_shape(theirs)} for {_shape(ours)}')
    if fit.missing:
        text.append(f'{len(fit.missing)} are missing ({_parts_of(fit.missing)})')
    if fit.unexpected:
        text.append(f'{len(fit.unexpected)} are not in the model ({_parts_of(fit.unexpected)})')
    return ', '.join(text)


def _shape(sizes: tuple[int, ...]) -> str:
    return 'x'.join(map(str, sizes)) or 'a number'


def _parts_of(names: Iterable[str], shown: int = 4) -> str:
    """Where some weights lie, in a few words."""
    modules = list(dict.fromkeys('.'.join(_without_numbers(name).split('.')[:4]) for name in names))
    return ', '.join(modules[:shown]) + (', ...' if len(modules) > shown else '')
