import random
from types import SimpleNamespace

import numpy as np
import torch

from mammo_plugins.engine import IterationSeedHook


def draw(seed: int, iteration: int) -> tuple[float, float, float]:
    IterationSeedHook().before_train_iter(SimpleNamespace(seed=seed, iter=iteration), 0)
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_random_numbers_depend_on_seed_and_iteration_alone():
    first = draw(seed=3, iteration=10)
    draw(seed=3, iteration=11)
    assert draw(seed=3, iteration=10) == first


def test_iterations_and_seeds_draw_differently():
    draws = {draw(seed, iteration) for seed in (0, 1) for iteration in (0, 1, 2)}
    assert len(draws) == 6
