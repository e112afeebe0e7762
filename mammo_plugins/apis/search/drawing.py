"""Draws the parameters of trials at random.

Source: Bergstra and Bengio, Random search for hyper-parameter optimization, JMLR 13, 2012. Optuna draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .search_file import Search


def draw_parameters(search: Search, seed: int, count: int) -> list[dict[str, Any]]:
    """Field to value of the configs, trial by trial; the first ones are the same however many are drawn.

    Raises:
        ModuleNotFoundError: Optuna is not installed.
    """
    optuna = import_optuna()
    distributions = {name: distribution_of(values) for name, values in search.space.items()}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [study.ask(distributions).params for _ in range(count)]


def distribution_of(values: Mapping[str, Any] | Sequence[Any]) -> Any:
    """Optuna's distribution of an entry of the space."""
    distributions = import_optuna().distributions
    if not isinstance(values, Mapping):
        return distributions.CategoricalDistribution(list(values))
    whole = all(isinstance(values[key], int) for key in ('low', 'high'))
    kind = distributions.IntDistribution if whole else distributions.FloatDistribution
    return kind(values['low'], values['high'], log=values.get('log', False))


def import_optuna() -> Any:
    """Optuna, without its lines about each trial.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a search needs Optuna: pip install 'mammo_plugins[search]'", name='optuna'
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
