"""Parts of a model that start from a part of a checkpoint, such as a pretrained backbone."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.logging import print_log
from torch import nn

from mammo_plugins.apis.weight_fit import WeightsDoNotFitError, compare_weights, describe_differences, read_weights
from mammo_plugins.compat.pretrained_weights import pretrained_references


def report_part_weights(config: Mapping[str, Any], model: nn.Module) -> None:
    """Says of each ``init_cfg=dict(type='Pretrained', checkpoint=..., prefix=...)`` which weights fit.

    mmengine leaves out what does not fit, and goes on.

    Args:
        config: of the model.
        model: built from it, its weights not loaded yet.

    Raises:
        WeightsDoNotFitError: a weight has another shape, or less than half of the part is in the checkpoint.
    """
    for path, source, prefix in _parts(config):
        try:
            part = model.get_submodule(path)
        except AttributeError:
            message = (
                f'model.{path} starts from {prefix} of {source}: the model has no such part, so nothing is compared'
            )
            print_log(message, logger='current', level=logging.WARNING)
            continue
        stem = prefix.removesuffix('.') + '.'
        weights = {
            name.removeprefix(stem): value for name, value in read_weights(source).items() if name.startswith(stem)
        }
        fit = compare_weights(_without_counters(weights), _without_counters(part.state_dict()))
        if fit.reshaped or len(fit.missing) >= len(fit.loaded):
            raise WeightsDoNotFitError(
                f'model.{path}.init_cfg: {source} holds under {stem} the weights of another model: '
                f'{describe_differences(fit)}; name a checkpoint of the same network, and its prefix there'
            )
        print_log(f'model.{path} starts from {stem} of {source}: {fit}', logger='current')


def _parts(config: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Dotted name, checkpoint and prefix of each part that starts from a part of a checkpoint."""
    for reference in pretrained_references(config):
        inits = reference.module.get('init_cfg') or []
        for init in inits if isinstance(inits, (list, tuple)) else [inits]:
            if init.get('type') == 'Pretrained' and init.get('prefix'):
                yield reference.path, init['checkpoint'], init['prefix']


def _without_counters(weights: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in weights.items() if not name.endswith('num_batches_tracked')}
