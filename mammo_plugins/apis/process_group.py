"""The processes of a launcher that run the same command: one of them decides and writes, all hear of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
from mmengine.dist import get_rank, get_world_size, init_dist, is_distributed

T = TypeVar('T')

_PATIENCE = timedelta(days=30)  # a command of one process may take hours, for which the others wait
_waiting: list[torch.distributed.ProcessGroup] = []


def join_process_group(launcher: str) -> str:
    """Meets the other processes of a launcher before the work begins.

    Returns:
        The launcher to name to what trains and tests: without GPUs, Slurm's processes are as those of ``pytorch``.

    Raises:
        ValueError: MPI, where there is no GPU.
    """
    if launcher == 'none' or is_distributed():
        return launcher
    if torch.cuda.is_available():
        init_dist(launcher, backend='nccl')
    elif launcher in ('pytorch', 'slurm'):
        if launcher == 'slurm':
            _name_slurm_processes()
        torch.distributed.init_process_group('gloo')
        launcher = 'pytorch'
    else:
        raise ValueError(f'launcher {launcher!r} needs GPUs; on CPU use --launcher pytorch (tools/dist_stages.sh)')
    _waiting[:] = [torch.distributed.new_group(backend='gloo', timeout=_PATIENCE)]
    return launcher


def is_first_process() -> bool:
    """Whether this process is the one that writes."""
    return get_rank() == 0


def wait_for_all() -> None:
    """Returns when every process has come here."""
    if get_world_size() > 1:
        torch.distributed.barrier(group=_waiting[0] if _waiting else None)


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
    torch.distributed.broadcast_object_list(answer, src=0, group=_waiting[0] if _waiting else None)
    if answer[1] is not None:
        raise answer[1]
    return answer[0]


def _name_slurm_processes() -> None:
    """Says in torch's words what Slurm says in its own."""
    nodes = os.environ['SLURM_NODELIST']
    first = subprocess.run(['scontrol', 'show', 'hostnames', nodes], capture_output=True, text=True, check=True).stdout
    os.environ.update(
        RANK=os.environ['SLURM_PROCID'],
        LOCAL_RANK=os.environ['SLURM_LOCALID'],
        WORLD_SIZE=os.environ['SLURM_NTASKS'],
        MASTER_ADDR=first.split()[0],
        MASTER_PORT=os.environ.get('MASTER_PORT', '29500'),
    )
