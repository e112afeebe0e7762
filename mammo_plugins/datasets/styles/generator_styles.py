"""A bank of styles that generators make."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.logging import print_log
from torch import nn

from mammo_plugins.io.volume_cache import BrokenVolumeError, VolumeCache

from ..grey_values import from_grey_values, to_grey_values
from .style_folder import direction, read_generator, read_styles, style_folder
from .translation import translate_image

TRANSLATION_VERSION = 1
"""To be raised when the same image and weights give other pixels: images that were kept before are not read."""


@TASK_UTILS.register_module()
class GeneratorStyles:
    """Shows an image in the styles of a folder; see :class:`~mammo_plugins.datasets.transforms.StyleBank`.

    Its own style is the image itself. Translated images are kept as 16-bit grey values in ``translated`` of the folder,
    under the SHA-256 of the loaded image and of the generator: an image that is loaded or translated otherwise is
    another image. One that is not there is made when it is asked for, and kept; ``mammo styles fill`` makes all before
    a training.

    Args:
        folder: see :mod:`~mammo_plugins.datasets.styles.style_folder`; or the ``styles.json`` in it.
        keep: whether translated images are kept; made on line otherwise, with the same result.
        device: where generators run. Only ``cpu`` works in the worker processes of a data loader.

    Raises:
        FileNotFoundError: there is no such folder; the message names the command that makes it.
        ModuleNotFoundError: images are to be kept, and blosc2 is not installed.
    """

    def __init__(self, folder: str | Path, keep: bool = True, device: torch.device | str = 'cpu') -> None:
        self.folder, self.device = style_folder(folder), device
        self.learned = read_styles(self.folder)
        self._kept = VolumeCache(self.folder / 'translated') if keep else None
        self._generators: dict[str, nn.Module] = {}
        self._said = False

    def styles(self, view: dict[str, Any]) -> Sequence[str]:
        """All styles; an image of a manufacturer without style is an error."""
        self._own_style(view)
        return list(self.learned.styles)

    def show(self, view: dict[str, Any], style: str) -> np.ndarray:
        """(S, H, W) float32 in [0, 1]: the view as it is loaded, in a style.

        Raises:
            ValueError: the manufacturer or the style is unknown, no breast is seen, or a kept image is damaged.
        """
        own = self._own_style(view)
        if style == own:
            return view['img']
        if style not in self.learned.styles:
            raise ValueError(f'no style {style!r} in {self.folder}: there are {", ".join(self.learned.styles)}')
        grey = to_grey_values(view['img'])
        key = self._key(grey, own, style)
        if self._kept is not None and key in self._kept:
            return from_grey_values(self._kept.read(key)[0])
        self._say_once()
        return from_grey_values(self._make(view, own, style, key))

    def prepare(self, view: dict[str, Any], verify: bool = False) -> tuple[int, int]:
        """Keeps a loaded view in all other styles; how many were made, and how many were there.

        Args:
            view: as it is loaded.
            verify: also read those that are there; damaged ones are made again.

        Raises:
            ValueError: nothing is kept here; or as :meth:`show`.
        """
        if self._kept is None:
            raise ValueError('this bank makes styles on line (keep=False): there is nothing to prepare')
        own, grey, made = self._own_style(view), to_grey_values(view['img']), 0
        others = [style for style in self.learned.styles if style != own]
        for style in others:
            key = self._key(grey, own, style)
            if not self._has(key, verify):
                self._make(view, own, style, key)
                made += 1
        return made, len(others) - made

    def generator(self, source: str, target: str) -> nn.Module:
        """The network of a direction.

        Raises:
            FileNotFoundError, ValueError: its file is missing or has changed.
        """
        name = direction(source, target)
        if name not in self._generators:
            network = MODELS.build(dict(self.learned.network))
            network.load_state_dict(read_generator(self.folder, self.learned, source, target))
            self._generators[name] = network.to(self.device).eval()
        return self._generators[name]

    def _own_style(self, view: dict[str, Any]) -> str:
        try:
            return self.learned.style_of(view['manufacturer'])
        except ValueError as error:
            raise ValueError(f'{view["img_path"]}: {error}') from None

    def _make(self, view: dict[str, Any], own: str, style: str, key: str) -> np.ndarray:
        window = self.learned.intensity_window
        try:
            shown = translate_image(self.generator(own, style), view['img'], window, self.device)
        except ValueError as error:
            raise ValueError(f'{view["img_path"]}: {error}') from error
        grey = to_grey_values(shown)
        if self._kept is not None:
            self._kept.store(key, grey, {'from': own, 'to': style})
        return grey

    def _key(self, grey: np.ndarray, own: str, style: str) -> str:
        pixels = hashlib.sha256(np.ascontiguousarray(grey)).hexdigest()
        weights = self.learned.digests[direction(own, style)]
        facts = [
            TRANSLATION_VERSION,
            pixels,
            list(grey.shape),
            weights,
            dict(self.learned.network),
            list(self.learned.window),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def _has(self, key: str, verify: bool) -> bool:
        if key not in self._kept or not verify:
            return key in self._kept
        try:
            self._kept.read(key)
        except BrokenVolumeError:
            return False
        return True

    def _say_once(self) -> None:
        if self._kept is not None and not self._said:
            self._said = True
            message = f'{self.folder}: images are translated while they are loaded; mammo styles fill does it before'
            print_log(message, logger='current', level=logging.WARNING)
