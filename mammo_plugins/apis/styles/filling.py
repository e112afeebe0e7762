"""Translates the images of a config before a training."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import track

from mammo_plugins.apis.inference import find_device
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.styles import GeneratorStyles
from mammo_plugins.datasets.view_loader import ImageLoadingError


@dataclass(frozen=True)
class FilledStyles:
    """What was translated.

    Attributes:
        made: translated images that are kept now and were not before.
        found: translated images that were there.
        failed: file to the reason why it could not be loaded or translated.
    """

    made: int = 0
    found: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)


def fill_styles(
    folder: str | Path,
    config: str | Path,
    *,
    ann_file: str | Path | None = None,
    cfg_options: Mapping[str, object] | None = None,
    device: str | None = None,
    verify: bool = False,
    known_only: bool = False,
    show_progress: bool = True,
) -> FilledStyles:
    """Keeps each training image of a config in every style but its own.

    Images that are there, from the same pixels and the same weights, are left alone: a run that was stopped goes on
    where it was. Images that cannot be read or translated are listed, and do not stop the others.

    Args:
        folder: of styles; the bank of the config's ``RandomStyle``.
        config: path or name of what trains with styles; its ``train_dataloader`` says which images, and how they are
            loaded.
        ann_file: annotation file that takes the place of the config's.
        cfg_options: dotted keys to override.
        device: where generators run; the first GPU by default.
        verify: read what is there, and make damaged images again.
        known_only: leave images of manufacturers without a style out; otherwise they are among those that failed.
        show_progress: a bar on standard error.

    Raises:
        FileNotFoundError: there is no such folder, config or annotation file.
        ValueError: the config loads images otherwise than those that the styles were learned from.
    """
    cfg = load_run_config(config, ann_file=ann_file, cfg_options=dict(cfg_options or {}))
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    bank = GeneratorStyles(folder, device=find_device(device))
    settings = cfg.train_dataloader.dataset.to_dict()
    _require_same_loading(json.loads(json.dumps(settings['loading'])), list(bank.learned.loading), folder)
    if known_only:
        makers = [maker for group in bank.learned.styles.values() for maker in group]
        wanted = (settings.get('filter_cfg') or {}).get('manufacturers') or makers
        chosen = [maker for maker in makers if maker in wanted]
        settings['filter_cfg'] = {**(settings.get('filter_cfg') or {}), 'manufacturers': chosen}
    dataset = DATASETS.build(
        {**settings, 'pipeline': [], 'cache_in_memory': False, 'subset': None, 'on_error': 'raise'}
    )
    made, found, failed = 0, 0, {}
    indices = range(len(dataset))
    if show_progress:
        indices = track(indices, 'Translating images', console=Console(stderr=True))
    for path, view in _loaded_views(dataset, indices):
        try:
            if isinstance(view, ImageLoadingError):
                raise view
            new, old = bank.prepare(view, verify)
            made, found = made + new, found + old
        except ValueError as error:
            failed[path] = str(error)
    return FilledStyles(made, found, failed)


def _loaded_views(dataset: Any, indices: Any) -> Iterator[tuple[str, dict[str, Any] | ImageLoadingError]]:
    """Each image once: its file, and its loaded view or why there is none."""
    seen = set()
    for index in indices:
        for view in dataset.get_data_info(index)['views']:
            if view['img_path'] in seen:
                continue
            seen.add(view['img_path'])
            try:
                yield view['img_path'], dataset.load_view(view)
            except ImageLoadingError as error:
                yield view['img_path'], error


def _require_same_loading(own: list, learned: list, folder: str | Path) -> None:
    if own == learned:
        return
    raise ValueError(
        f'the config loads images by {own}, and the styles of {folder} were learned from images loaded by {learned}: '
        'sharpness and noise of a style belong to a resolution. Train styles with the same loading'
    )
