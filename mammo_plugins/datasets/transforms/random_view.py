"""What every random transform of a case has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from .pair_grid import check_one_grid


class RandomViewTransform(BaseTransform):
    """Draws parameters for each view of a case, from the case's own generator, and applies them.

    Attributes:
        shared_by: values of ``group_by`` whose cases get one draw for all their views, since a network compares the
            views place by place.
    """

    shared_by: frozenset[str] = frozenset()

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Transforms every view.

        Raises:
            ValueError: the case has no generator.
        """
        if 'rng' not in results:
            raise ValueError(
                f'{type(self).__name__} is random: it belongs in the pipeline of a training data set, not in its '
                'loading, and not in test mode'
            )
        views, rng = results['views'], results['rng']
        if results.get('group_by') in self.shared_by:
            check_one_grid(results)
            shared = self.sample_shared(rng, views)
            for view in views:
                self.apply(view, **shared)
        else:
            for view in views:
                self.apply(view, **self.sample_parameters(rng, view))
        return results

    @abstractmethod
    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, Any]:
        """Draws the arguments of :meth:`apply`."""

    def sample_shared(self, rng: np.random.Generator, views: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Draws the arguments of :meth:`apply` for all views of a case at once."""
        return self.sample_parameters(rng, views[0])

    @abstractmethod
    def apply(self, view: dict[str, Any], **parameters) -> None:
        """Changes a view in place."""


COMPARED = frozenset({'modalities', 'bilateral'})
"""Groupings whose views are compared place by place."""


def check_range(name: str, limits: tuple[float, float], at_least: float) -> tuple[float, float]:
    """A range (low, high) to draw from.

    Raises:
        ValueError: it is reversed, or reaches below ``at_least``.
    """
    low, high = limits
    if not at_least <= low <= high:
        raise ValueError(f'{name} must be a range (low, high) with {at_least} <= low <= high, got {limits!r}')
    return low, high


def check_probability(prob: float) -> float:
    """How often a view is changed.

    Raises:
        ValueError: it is outside [0, 1].
    """
    if not 0 <= prob <= 1:
        raise ValueError(f'prob lies in [0, 1], got {prob}')
    return prob


def draw_factor(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """A factor from a range, as likely to be f as 1 / f where the range allows both."""
    return float(np.exp(rng.uniform(*np.log(limits))))
