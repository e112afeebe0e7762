"""Prepares the images of a config on disk, so that training decodes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import track

from mammo_plugins.apis.dask_workers import dask_client
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.transform_building import build_transforms
from mammo_plugins.datasets.view_loader import ImageLoadingError, ViewLoader

SPLIT_LOADERS = {'train': 'train_dataloader', 'validation': 'val_dataloader', 'test': 'test_dataloader'}


@dataclass(frozen=True)
class CachedVolumes:
    """What was prepared.

    Attributes:
        prepared: images that are in the cache now and were not before.
        found: images that were in it already.
        failed: file to the reason why it could not be prepared.
    """

    prepared: int = 0
    found: int = 0
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Job:
    """An image to prepare, as plain values that travel between machines."""

    loading: str
    folder: str
    view: dict[str, Any]


def cache_volumes(
    config: str | Path,
    folder: str | Path,
    *,
    splits: Sequence[str] = tuple(SPLIT_LOADERS),
    workers: int | None = None,
    scheduler: str | None = None,
    ann_file: str | Path | None = None,
    cfg_options: Mapping[str, object] | None = None,
    verify: bool = False,
    show_progress: bool = True,
) -> CachedVolumes:
    """Loads every image of a config once, and keeps what its ``loading`` gives.

    Images that are there already, from unchanged files and with the same settings, are left alone: a run that was
    stopped goes on where it was. Images that cannot be read are listed, and do not stop the others.

    Args:
        config: path or name; its data sets say which images, and how they are loaded. ``subset`` and ``filter_cfg``
            are for training and leave nothing out here.
        folder: the cache, to be named as ``volume_cache`` of the data sets.
        splits: whose images.
        workers: processes on this machine; all cores by default. One that is killed is replaced.
        scheduler: address of a Dask scheduler, whose workers do the work instead. They must have this package, and
            see the images and the folder under the same paths.
        ann_file: annotation file that takes the place of those of all data sets.
        cfg_options: dotted keys to override.
        verify: read the bytes of every file, so that one is prepared again that changed although its size and times did
            not.
        show_progress: a bar on standard error.

    Raises:
        ValueError: an unknown split, or a config whose data sets are wrong.
        ModuleNotFoundError: blosc2 or dask.distributed is not installed; the message says how to install it.
    """
    if unknown := [split for split in splits if split not in SPLIT_LOADERS]:
        raise ValueError(f'unknown splits {unknown}: expected {", ".join(SPLIT_LOADERS)}')
    cfg = load_run_config(config, ann_file=ann_file, cfg_options=dict(cfg_options or {}))
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    folder = str(Path(folder).resolve())
    jobs = [job for split in splits for job in _jobs(cfg[SPLIT_LOADERS[split]].dataset.to_dict(), folder)]
    if verify:
        _verify(jobs)
    left = [job for job in jobs if not _loader(job.loading, job.folder).prepared.has(job.view)]
    problems = _run(left, workers or os.cpu_count() or 1, scheduler)
    if show_progress:
        problems = track(problems, 'Preparing images', total=len(left), console=Console(stderr=True))
    failed = {path: problem for path, problem in problems if problem}
    return CachedVolumes(len(left) - len(failed), len(jobs) - len(left), failed)


def _jobs(dataset: dict[str, Any], folder: str) -> Iterator[_Job]:
    dataset.update(pipeline=[], cache_in_memory=False, volume_cache=None, on_error='raise')
    loading = json.dumps(dataset['loading'])
    built = DATASETS.build({**dataset, 'subset': None, 'filter_cfg': None})
    for index in range(len(built)):
        for view in built.get_data_info(index)['views']:
            yield _Job(loading, folder, view)


def _verify(jobs: Sequence[_Job]) -> None:
    for job in {job.view['img_path']: job for job in jobs}.values():
        prepared = _loader(job.loading, job.folder).prepared
        if prepared.has(job.view):
            prepared.verify(job.view)


def _run(jobs: Sequence[_Job], workers: int, scheduler: str | None) -> Iterator[tuple[str, str]]:
    """File, and why it could not be prepared or nothing, of each image as it is done."""
    if scheduler is None and min(workers, len(jobs)) < 2:
        yield from map(_prepare, jobs)
        return
    # One image a process at a time: decoding is one thread's work, and memory is what runs out first.
    with dask_client(min(workers, len(jobs)), scheduler, 'cache') as client:
        from distributed import as_completed

        futures = client.map(_prepare, jobs, pure=False, retries=2)
        for future in as_completed(futures):
            yield future.result()


def _prepare(job: _Job) -> tuple[str, str]:
    try:
        _loader(job.loading, job.folder).prepare(job.view)
    except ImageLoadingError as error:
        return job.view['img_path'], str(error)
    return job.view['img_path'], ''


@lru_cache(maxsize=4)
def _loader(loading: str, folder: str) -> ViewLoader:
    return ViewLoader(build_transforms(json.loads(loading)), volume_cache=folder)
