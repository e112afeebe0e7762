"""An optimiser for each part of a model."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ModuleOptimConstructor:
    """Builds an :class:`mmengine.optim.OptimWrapperDict` from a config with an entry for each optimiser.

    .. code-block:: python

        optim_wrapper = dict(
            constructor='ModuleOptimConstructor',
            generators=dict(modules=['to_sm', 'to_ffdm'], optimizer=dict(type='Adam', lr=2e-4)),
            discriminators=dict(modules=['of_sm', 'of_ffdm'], optimizer=dict(type='Adam', lr=2e-4)),
        )

    Args:
        optim_wrapper_cfg: name to the config of an optim wrapper. ``modules`` in it names the parts of the model, the
            part of that name by default.
        paramwise_cfg: must be None; it belongs into the entries.

    Raises:
        ValueError: settings outside the entries, no such part, a parameter of two optimisers, or a trainable one of
            none.
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        if foreign := [name for name, cfg in optim_wrapper_cfg.items() if not isinstance(cfg, Mapping)]:
            raise ValueError(f'optim_wrapper.{foreign[0]} belongs to no optimiser: put it into the entry of one')
        if paramwise_cfg is not None:
            raise ValueError('paramwise_cfg belongs to no optimiser: put it into the entry of one')
        self.entries = copy.deepcopy(dict(optim_wrapper_cfg))

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        model = model.module if is_model_wrapper(model) else model
        wrappers, owners = {}, {}
        for name, cfg in self.entries.items():
            parts = nn.ModuleList(_find_part(model, part) for part in cfg.pop('modules', [name]))
            for parameter in parts.parameters():
                if owners.setdefault(parameter, name) != name:
                    raise ValueError(f'optimisers {owners[parameter]!r} and {name!r} share a parameter')
            wrappers[name] = build_optim_wrapper(parts, cfg)
        left = [
            name for name, parameter in model.named_parameters() if parameter.requires_grad and parameter not in owners
        ]
        if left:
            raise ValueError(f'no optimiser has {left[0]}: name its module in optim_wrapper, or freeze it')
        return OptimWrapperDict(**wrappers)


def _find_part(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        parts = ', '.join(part for part, _ in model.named_children())
        raise ValueError(f'the model has no part {name!r} for an optimiser: it has {parts}') from None
