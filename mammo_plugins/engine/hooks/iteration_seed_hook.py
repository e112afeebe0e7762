"""Random numbers that depend on the iteration alone, so that a resumed run continues exactly."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds Python, numpy and torch before each training iteration from (seed, iteration, rank).

    mmengine restores weights, optimiser and schedule on resume, but not the state of the random generators, which
    dropout and stochastic depth draw from. Seeding by iteration needs no state at all. (Data augmentation is seeded by
    the data set; see :class:`~mammo_plugins.datasets.case_dataset.CaseDataset`.)
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        seed = np.random.SeedSequence([runner.seed, runner.iter, get_rank()]).generate_state(1)[0].item()
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
