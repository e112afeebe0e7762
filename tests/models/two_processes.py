"""Runs the RoI head in two processes on CPU (gloo), each with its own breasts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing

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

    This process is the first of the two, because starting one takes seconds.

    Args:
        batches: What each of the two processes gets.
        folder: An empty folder, through which the processes meet and the second gives its results.
    """
    context = torch.multiprocessing.spawn(_run_second, (_describe(batches[1]), str(folder)), join=False)
    first = _run(0, batches[0], folder)
    context.join()
    return first, torch.load(folder / 'second.pt', weights_only=True)


def _run(rank: int, batches: list[list], folder: Path) -> Results:
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2, timeout=timedelta(minutes=3)
    )
    try:
        return losses_and_gradients(batches)
    finally:
        torch.distributed.destroy_process_group()


def _run_second(_: int, described: list, folder: str) -> None:
    from mammo_plugins.compat import install_mmcv_ops

    install_mmcv_ops()
    import mammo_plugins.models  # noqa: F401
    from tests.models.small_cases import SmallView

    batches = [[(seed, [SmallView(**view) for view in views]) for seed, views in batch] for batch in described]
    torch.save(_run(1, batches, Path(folder)), f'{folder}/second.pt')


def _describe(batches: list[list]) -> list:
    """Breasts as plain dictionaries: a new process must install the operators before it can unpickle a view."""
    return [[(seed, [vars(view) for view in views]) for seed, views in batch] for batch in batches]
