"""Runs a function in two processes that are connected by gloo."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from mammo_plugins.apis.run_config import leave_process_group
from tests.warm_processes import start_process


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return free.getsockname()[1]


def in_two_processes(work: Callable[[Any], Any], arguments: tuple[Any, Any], folder: Path) -> tuple[Any, Any]:
    """What a function gives in each of two processes for its argument; this process is the first.

    Args:
        work: a function of a module, with one argument of plain values and a result of tensors and plain values.
        arguments: of the first and of the second process.
        folder: an empty folder, through which the processes meet.
    """
    name = (work.__module__, work.__qualname__)
    other = start_process(_run_second, name, arguments[1], str(folder))
    first = _run(0, work, arguments[0], folder)
    other.join()
    return first, torch.load(folder / 'second.pt', weights_only=True)


def _run(rank: int, work: Callable[[Any], Any], argument: Any, folder: Path) -> Any:
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2, timeout=timedelta(minutes=3)
    )
    try:
        result = work(argument)
    except BaseException:
        torch.distributed.destroy_process_group()
        raise
    leave_process_group()
    return result


def _run_second(name: tuple[str, str], argument: Any, folder: str) -> None:
    work = getattr(import_module(name[0]), name[1])
    torch.save(_run(1, work, argument, Path(folder)), f'{folder}/second.pt')
