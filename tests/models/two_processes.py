"""Runs the RoI head in two processes on CPU (gloo), each with its own breasts."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.two_processes import in_two_processes as run_in_two_processes

Results = list[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]]
"""Losses and gradients, by name, of every batch."""


def losses_and_gradients(batches: list[list]) -> Results:
    """What the same RoI head gives on each batch of breasts, whose random features depend on their place only.

    Args:
        batches: Batches of breasts; an item of a batch is `(seed, views)`.
    """
    from tests.models.small_cases import make_features, run_roi_head
    from tests.models.small_models import build_roi_head

    results = []
    for batch in batches:
        torch.manual_seed(0)
        parts = build_roi_head(num_stages=2)
        levels = []
        for seed, views in batch:
            torch.manual_seed(seed)
            levels.append(make_features([views]))
        features = tuple(torch.cat(level) for level in zip(*levels))
        losses = run_roi_head(parts, features, [views for _, views in batch], 'loss')
        sum(losses.values()).backward()
        gradients = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in parts.named_parameters()}
        results.append(({name: value.detach() for name, value in losses.items()}, gradients))
    return results


def in_two_processes(batches: tuple[list[list], list[list]], folder: Path) -> tuple[Results, Results]:
    """Runs `losses_and_gradients` on one list of batches a process.

    Args:
        batches: What each of the two processes gets.
        folder: An empty folder, through which the processes meet.
    """
    return run_in_two_processes(_of_described, tuple(map(_describe, batches)), folder)


def _of_described(described: list) -> Results:
    from tests.models.small_cases import SmallView

    return losses_and_gradients(
        [[(seed, [SmallView(**view) for view in views]) for seed, views in batch] for batch in described]
    )


def _describe(batches: list[list]) -> list:
    """Breasts as plain dictionaries, which can be sent to a process before it has imported mmdet."""
    return [[(seed, [vars(view) for view in views]) for seed, views in batch] for batch in batches]
