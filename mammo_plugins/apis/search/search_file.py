"""What is searched: the plan of a trial, the ranges, and the number that decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mammo_plugins.apis.stages import make_plan
from mammo_plugins.compat.config_paths import find_config

_FIELDS = ('stages', 'config', 'cfg_options', 'space', 'number', 'trials')
_RANGE_FIELDS = ('low', 'high', 'log')
_DIRECTIONS = ('maximize', 'minimize')


@dataclass(frozen=True)
class TrialNumber:
    """The number of a trial.

    Attributes:
        stage: the test that gives it.
        names: of the test's numbers, whose mean counts.
        direction: ``maximize`` or ``minimize``.
    """

    stage: str
    names: Sequence[str]
    direction: str = 'maximize'


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        stages: the plan of a trial, as dictionaries.
        space: field of the configs to what it is drawn from: ``dict(low=, high=)``, with ``log=True`` on a logarithmic
            scale, with two whole numbers whole ones; or a list.
        number: what decides.
        trials: how many are drawn by default.
        cfg_options: for the configs of all stages.
        source: file that declares it, for messages.
    """

    stages: Sequence[Mapping[str, Any]]
    space: Mapping[str, Mapping[str, Any] | Sequence[Any]]
    number: TrialNumber
    trials: int = 30
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    source: str = 'SEARCH'

    def __post_init__(self) -> None:
        for name, values in self.space.items():
            _check_range(name, values)
        stage = make_plan(self.stages, source=self.source).stage(self.number.stage)
        if stage.kind != 'test':
            raise ValueError(f'number is of stage {stage.name!r}, a {stage.kind}: it has to be a test')
        if self.number.direction not in _DIRECTIONS:
            raise ValueError(f'direction {self.number.direction!r} is neither {" nor ".join(_DIRECTIONS)}')
        if self.trials < 1:
            raise ValueError(f'trials must be at least 1, got {self.trials}')


def read_search(path: str | Path, cfg_options: Mapping[str, Any] | None = None) -> Search:
    """Reads a search: a config with the fields of :class:`Search`, ``number`` as a dictionary.

    With ``config`` in place of ``stages``, a trial is the training of that config, and a test, ``validation``, of its
    best checkpoint.

    Args:
        path: path or name, as for a config.
        cfg_options: overrides for the configs of all stages.

    Raises:
        FileNotFoundError: no such file.
        ValueError: something in it is not as it must be.
    """
    content = Config.fromfile(find_config(path)).to_dict()
    content = {name: value for name, value in content.items() if not name.startswith('_')}
    if unknown := [name for name in content if name not in _FIELDS]:
        raise ValueError(
            f'{path}: unknown field {unknown[0]!r}: expected some of {", ".join(_FIELDS)} (begin other names with _)'
        )
    if content.get('config') and content.get('stages'):
        raise ValueError(f'{path}: config and stages exclude each other: give one of them')
    if config := content.pop('config', None):
        content['stages'] = _train_and_test(config)
    if lacking := [name for name in ('stages', 'space', 'number') if not content.get(name)]:
        raise ValueError(f'{path}: a search declares stages, space and number: {lacking[0]} is missing')
    content['cfg_options'] = {**content.get('cfg_options', {}), **(cfg_options or {})}
    try:
        content['number'] = TrialNumber(**content['number'])
        return Search(**content, source=str(path))
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path}: {error}') from error


def _train_and_test(config: str) -> list[dict[str, Any]]:
    validation = dict(name='validation', kind='test', config=config, checkpoint='{training.best}', predictions='')
    return [dict(name='training', config=config), validation]


def _check_range(name: str, values: Mapping[str, Any] | Sequence[Any]) -> None:
    if not isinstance(values, Mapping):
        plain = isinstance(values, (list, tuple)) and all(isinstance(value, (Real, str)) for value in values)
        if not plain or not values:
            raise ValueError(f'space {name!r}: a list holds numbers or texts, a range is dict(low=, high=, log=)')
        return
    if unknown := [key for key in values if key not in _RANGE_FIELDS]:
        raise ValueError(f'space {name!r} has the unknown field {unknown[0]!r}: expected {", ".join(_RANGE_FIELDS)}')
    low, high = (values.get(key) for key in ('low', 'high'))
    if not isinstance(low, Real) or not isinstance(high, Real) or not low < high:
        raise ValueError(f'space {name!r}: low {low} and high {high} are no range')
    if values.get('log') and low <= 0:
        raise ValueError(f'space {name!r}: low {low} has no logarithm')
