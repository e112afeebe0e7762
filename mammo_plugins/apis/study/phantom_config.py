"""From the config of a paper, which wants a hospital's archive and a cluster, to the same on phantoms."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any

from mmengine.config import Config, ConfigDict

from mammo_plugins.compat.config_paths import find_config

from .placeholders import dataset_of, has_reference

if TYPE_CHECKING:
    from .study import StudyEntry, StudyPreset

_PARTS = ('train', 'val', 'test')


def phantom_config(
    entry: StudyEntry, preset: StudyPreset, annotations: Mapping[str, Path], root: Path, seed: int
) -> Config:
    """The config of an entry on the phantoms of a seed, with what row and preset override.

    Overrides that hold references to other stages are left to the plan: the files are not there yet.

    Args:
        entry: a training or a test.
        preset: size of everything.
        annotations: name of a data set to its annotation file.
        root: folder of the seed.
        seed: of weights, order and subsets.
    """
    cfg = read_config(entry.fields['config'])
    use_annotations(cfg, dataset_of(annotations, entry.data))
    be_quiet(cfg)
    cfg.load_from = None  # the plan names weights that are made here
    cfg.merge_from_dict({'randomness.seed': seed, **known_options(entry_options(entry, preset))})
    seed_subsets(cfg, seed)
    return cfg


def read_config(name: str) -> Config:
    """The config of a name; a copy of one's own of what is read but once."""
    return copy.deepcopy(_read_once(find_config(name)))


@lru_cache(maxsize=64)
def _read_once(path: Path) -> Config:
    return Config.fromfile(path)


def write_config(cfg: Config, path: Path) -> None:
    """Writes a config as text, without the time that mmengine takes to make it pretty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (f'{name} = {pformat(value, width=120, sort_dicts=False)}\n' for name, value in cfg.to_dict().items())
    path.write_text(''.join(lines))


def entry_options(entry: StudyEntry, preset: StudyPreset) -> dict[str, Any]:
    """What the row overrides in the entry's config, then what the preset does."""
    names = entry.name, Path(entry.fields['config']).stem
    options = dict(entry.fields.get('cfg_options', {}))
    for pattern, overrides in preset.options.items():
        if any(fnmatchcase(name, pattern) for name in names):
            options.update(overrides)
    return options


def known_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that refer to no stage."""
    return {key: value for key, value in options.items() if not has_reference(value)}


def use_annotations(cfg: Config, path: Path) -> None:
    """Has every data set and metric of a config that reads an annotation file read this one."""
    for part in _PARTS:
        for holder in _holders(cfg.get(f'{part}_dataloader'), 'ann_file'):
            several = isinstance(holder.ann_file, (list, tuple))  # one a modality
            holder.update(ann_file=[str(path)] * len(holder.ann_file) if several else str(path), data_root='')
        for holder in _holders(cfg.get(f'{part}_evaluator'), 'ann_file'):
            holder.ann_file = str(path)


def use_split(cfg: Config, split: str) -> None:
    """Has a config tested on the images of a split."""
    for part in ('test_dataloader', 'test_evaluator'):
        for holder in _holders(cfg[part], 'ann_file'):
            holder.split = split


def be_quiet(cfg: Config) -> None:
    """Logs warnings only, and draws no progress bar: many trainings run side by side."""
    cfg.log_level = 'WARNING'
    if 'custom_hooks' in cfg:
        cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook['type'] != 'ProgressBarHook']


def seed_subsets(cfg: Config, seed: int) -> None:
    """Draws the parts of data sets that a config asks for by the seed."""
    for part in _PARTS:
        for holder in _holders(cfg.get(f'{part}_dataloader'), 'subset'):
            if holder.subset:
                holder.subset = {**holder.subset, 'seed': seed}


def _holders(value: Any, key: str) -> Iterator[ConfigDict]:
    """The dictionaries in a config that have a key, however deep they are nested."""
    if isinstance(value, ConfigDict):
        if key in value:
            yield value
        for nested in value.values():
            yield from _holders(nested, key)
    elif isinstance(value, (list, tuple)):
        for nested in value:
            yield from _holders(nested, key)
