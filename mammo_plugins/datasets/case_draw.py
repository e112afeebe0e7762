"""What a sampler hands to a data set: which case, and the seed of what is random about this draw of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class CaseDraw(NamedTuple):
    """The ``position``-th draw of a training run.

    The random transforms of a draw depend on this tuple alone, never on the worker or rank that makes it, so runs with
    any number of workers, and runs that were stopped and resumed, see the same pixels.

    Attributes:
        index: which case of the data set.
        seed: of the run, not negative.
        position: count of draws before this one, over all ranks.
    """

    index: int
    seed: int
    position: int

    def make_rng(self) -> np.random.Generator:
        """The generator of this draw."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.position,)))
