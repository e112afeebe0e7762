"""Processes to share work out to, and why they cannot start."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

UNGUARDED = (
    "no process can be started to share the work with: a script has to call this below if __name__ == '__main__':, "
    'since each process imports the script anew; or let it work in its own process (workers=0, or 1 for phantoms)'
)


@contextmanager
def started_pool(
    workers: int, initializer: Callable[..., Any] | None = None, initargs: tuple = ()
) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes are known to start, and end with the process that started them, however it ends.

    Args:
        workers: processes.
        initializer, initargs: called in each of them first.

    Raises:
        RuntimeError: they end before they have done anything: the script that is run does not guard its start.
    """
    if getattr(multiprocessing.current_process(), '_inheriting', False):
        raise SystemExit(1)  # a process that is only just importing an unguarded script: who started it says so
    # Fresh interpreters: forking a process that runs threads (torch, BLAS) may hang.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, context, _begin, (initializer, initargs)) as pool:
        try:
            pool.submit(int).result()
        except BrokenProcessPool:
            raise RuntimeError(UNGUARDED) from None
        yield pool


def _begin(initializer: Callable[..., Any] | None, initargs: tuple) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def end_with_parent() -> None:
    """Ends this process where the one that started it was killed: its work, hours perhaps, would be for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
