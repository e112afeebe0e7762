"""One normaliser for a loss, whatever the number of processes and of parts that a batch is computed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor

from mammo_plugins.structures.case_sample import MammoCaseSample

_batch_counts: ContextVar[tuple[Mapping[str, int], int] | None] = ContextVar('batch_counts', default=None)


def global_average_factor(count: Tensor | float, device: torch.device, of: str) -> Tensor:
    """What to divide a process's summed loss by, so that averaged gradients equal those of one process.

    The count is summed over processes, held at 1 or more (a batch without any finding is normal in screening), and
    divided by the number of processes, because distributed training averages their gradients.

    Args:
        count: number of terms in this process.
        device: where the result lives.
        of: what is counted, one of the keys of :func:`count_loss_terms`.

    Returns:
        () float32 tensor.
    """
    batch = _batch_counts.get()
    terms, parts = (count, 1) if batch is None else (batch[0][of], batch[1])
    total = torch.as_tensor(terms, dtype=torch.float32, device=device).detach().clone()
    all_reduce(total, op='sum')
    return total.clamp(min=1.0) / (get_world_size() * parts)


def mean_where(losses: Tensor, chosen: Tensor) -> Tensor:
    """The mean of some losses of the batches of all processes; 0 where none is chosen.

    Args:
        losses: of any shape.
        chosen: bool, of the same shape.
    """
    factor = global_average_factor(chosen.sum(), losses.device, 'terms')
    return torch.where(chosen, losses, torch.zeros_like(losses)).sum() / factor


def count_loss_terms(cases: Sequence[MammoCaseSample], num_proposals: int) -> dict[str, int]:
    """How many terms each loss of a batch will have: matching is one to one, so the annotations alone tell.

    Args:
        cases: the breasts of the batch.
        num_proposals: proposals a view.

    Returns:
        ``findings`` that are matched, ``slices`` of them that are annotated in volumes, and ``images`` and ``breasts``
        whose malignancy is known.

    Raises:
        ValueError: a view has more findings than there are proposals, so that it is open which are matched.
    """
    views = [view for case in cases for view in case.views if view.annotated]
    most = max((len(view.gt_instances) for view in views), default=0)
    if most > num_proposals:
        raise ValueError(f'a view has {most} findings and the detector {num_proposals} proposals: give it more')
    return {
        'findings': sum(len(view.gt_instances) for view in views),
        'slices': sum(int((view.gt_instances.slices >= 0).sum()) for view in views if view.num_slices > 1),
        'images': sum(int((~case.gt_malignancy.views.isnan()).sum()) for case in cases),
        'breasts': sum(int(not case.gt_malignancy.breast.isnan()) for case in cases),
    }


@contextmanager
def batch_in_parts(counts: Mapping[str, int], parts: int) -> Iterator[None]:
    """While it lasts, losses are those of a part of a batch; the mean over its parts is the loss of the batch.

    Args:
        counts: terms of the whole batch, from :func:`count_loss_terms`.
        parts: number of parts.
    """
    token = _batch_counts.set((counts, parts))
    try:
        yield
    finally:
        _batch_counts.reset(token)
