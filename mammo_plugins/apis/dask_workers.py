"""Workers of Dask: processes of this machine, or those that a scheduler has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def dask_client(workers: int, scheduler: str | None, extra: str) -> Iterator[Any]:
    """A client of workers that do one thing at a time each.

    Args:
        workers: processes to start on this machine; of no effect with a scheduler.
        scheduler: address of a Dask scheduler whose workers do the work instead, or None.
        extra: of this package that brings Dask, for the message where it is missing.

    Raises:
        ModuleNotFoundError: Dask is not installed.
    """
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"more than one worker needs dask.distributed: pip install 'mammo_plugins[{extra}]', or give --workers 1",
            name='distributed',
        ) from error
    if scheduler is not None:
        with Client(scheduler) as client:
            yield client
        return
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            yield client
