"""The processes that run the same stages: one of them decides and writes, all hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from mmengine.dist import get_rank, get_world_size, init_dist, is_distributed

T = TypeVar('T')


def join_process_group(launcher: str) -> None:
    """Meets the other processes of a launcher before the first stage.

    Raises:
        ValueError: a launcher that needs GPUs, where there is none.
    """
    if launcher == 'none' or is_distributed():
        return
    if torch.cuda.is_available():
        init_dist(launcher, backend='nccl')
    elif launcher == 'pytorch':
        torch.distributed.init_process_group('gloo')
    else:
        raise ValueError(f'launcher {launcher!r} needs GPUs; on CPU use --launcher pytorch (tools/dist_stages.sh)')


def is_first_process() -> bool:
    """Whether this process is the one that writes."""
    return get_rank() == 0


def on_first_process(action: Callable[[], T]) -> T:
    """Runs ``action`` in the first process; all get its result, or its error, and none goes on before.

    Raises:
        Exception: what ``action`` raised, in every process.
    """
    if get_world_size() == 1:
        return action()
    answer: list = [None, None]
    if is_first_process():
        try:
            answer = [action(), None]
        except Exception as error:
            answer = [None, error]
    torch.distributed.broadcast_object_list(answer, src=0)
    if answer[1] is not None:
        raise answer[1]
    return answer[0]
