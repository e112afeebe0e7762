"""Images of a study, loaded once for all trainings and tests of a seed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mmengine.config import Config, ConfigDict

from mammo_plugins.apis.cache import cache_volumes
from mammo_plugins.apis.cache.caching import SPLIT_LOADERS

if TYPE_CHECKING:
    from .seed_folder import SeedFolder

VOLUMES = 'volumes'


def can_prepare() -> bool:
    """Whether blosc2 is installed, which the cache is made with."""
    return importlib.util.find_spec('blosc2') is not None


def use_prepared_images(cfg: Config, folder: Path) -> None:
    """Has the data sets of a config read what is prepared in a folder; no result depends on it."""
    for _, dataset in _datasets(cfg):
        dataset.volume_cache = str(folder)


def prepare_images(folder: SeedFolder, names: Iterable[str], workers: int | None) -> None:
    """Prepares the images that some stages of a seed read, each with each chain of loading transforms once.

    Args:
        folder: of the seed, with its configs and phantoms.
        names: of stages.
        workers: processes; all cores by default.

    Raises:
        RuntimeError: images could not be loaded.
    """
    known = set()
    for name in names:
        path = folder.config_path(name)
        if not path.is_file():
            continue  # a command has no config
        for split, dataset in _datasets(Config.fromfile(path)):
            facts = [dataset.get(key) for key in ('ann_file', 'split', 'modality', 'first', 'second', 'loading')]
            key = json.dumps(facts, default=str)
            if key in known:
                continue
            known.add(key)
            done = cache_volumes(path, folder.root / VOLUMES, splits=[split], workers=workers, show_progress=False)
            if done.failed:
                raise RuntimeError(f'{name}: ' + '; '.join(done.failed.values()))


def _datasets(cfg: Config) -> Iterator[tuple[str, ConfigDict]]:
    """Split and data set of what loads images."""
    for split, loader in SPLIT_LOADERS.items():
        dataset = (cfg.get(loader) or {}).get('dataset') or {}
        if dataset.get('loading'):
            yield split, dataset
