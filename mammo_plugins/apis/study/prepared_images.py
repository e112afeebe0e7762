"""Images of a study, loaded once for all trainings and tests of a seed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.config import Config, ConfigDict

from mammo_plugins.apis.cache import cache_volumes
from mammo_plugins.apis.cache.caching import SPLIT_LOADERS
from mammo_plugins.apis.stages.stage import Stage

VOLUMES = 'volumes'
_SPLIT_OF_KIND = {'train': 'train', 'test': 'test'}
_FACTS = (
    'data_root',
    'ann_file',
    'split',
    'modality',
    'first',
    'second',
    'loading',
)  # that decide which images there are
_done: set[str] = set()  # what this process knows to be prepared


def can_prepare() -> bool:
    """Whether blosc2 is installed, which the cache is made with."""
    return importlib.util.find_spec('blosc2') is not None


def use_prepared_images(cfg: Config, folder: Path) -> None:
    """Has the data sets of a config read what is prepared in a folder; no result depends on it."""
    for _, dataset in _datasets(cfg):
        dataset.volume_cache = str(folder)


def prepare_images(stage: Stage) -> None:
    """Prepares the images that a stage trains on or tests, each with each chain of loading transforms once.

    Args:
        stage: of a seed, whose config names the folder.

    Raises:
        RuntimeError: images could not be loaded.
    """
    if stage.kind not in _SPLIT_OF_KIND:
        return
    for split, dataset in _datasets(Config.fromfile(stage.config)):
        folder = dataset.get('volume_cache')
        facts = [folder, *(dataset.get(key) for key in _FACTS)]
        key = json.dumps(facts, default=str)
        if split != _SPLIT_OF_KIND[stage.kind] or folder is None or key in _done:
            continue
        if not all(Path(dataset.get('data_root', ''), path).is_file() for path in np.atleast_1d(dataset.ann_file)):
            continue  # which the stage itself tells
        prepared = cache_volumes(stage.config, folder, splits=[split], workers=1, show_progress=False)
        if prepared.failed:
            raise RuntimeError('; '.join(prepared.failed.values()))
        _done.add(key)


def _datasets(cfg: Config) -> Iterator[tuple[str, ConfigDict]]:
    """Split and data set of what loads images."""
    for split, loader in SPLIT_LOADERS.items():
        dataset = (cfg.get(loader) or {}).get('dataset') or {}
        if dataset.get('loading'):
            yield split, dataset
