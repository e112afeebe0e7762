"""Generators of several styles in a folder, with what must be known to use them.

``styles.json`` says which manufacturers have which style, what network the generators are, the window in which they
see intensities, and how the images were loaded that they learned from; ``generators`` has a file for each direction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mammo_plugins.compat.checkpoints import load_checkpoint_file
from mammo_plugins.io.source_digest import digest_source
from mammo_plugins.io.whole_file import whole_file, write_whole
from mammo_plugins.structures.intensity_window import IntensityWindow

CONTENT = 'styles.json'
_VERSION = 1
_NAME = re.compile(r'[A-Za-z0-9][\w.-]*')


def check_style(style: str, manufacturers: Sequence[str]) -> tuple[str, list[str]]:
    """The name and the manufacturers of a style.

    Raises:
        ValueError: the name cannot be part of a file's name, or there are no manufacturers.
    """
    if not _NAME.fullmatch(style):
        raise ValueError(f'a style is named with letters, digits, _, . and -, got {style!r}')
    if isinstance(manufacturers, str) or not manufacturers:
        raise ValueError(f'style {style}: manufacturers is a list of names as the annotation file has, at least one')
    return style, list(manufacturers)


@dataclass(frozen=True)
class LearnedStyles:
    """What a folder of styles holds.

    Attributes:
        styles: name to the manufacturers whose images have it.
        network: config of a generator.
        window: of intensities, see :class:`~mammo_plugins.structures.intensity_window.IntensityWindow`.
        loading: transforms of the images that were learned from, as in a config.
        digests: SHA-256 of the file of each direction, by ``ONE_to_OTHER``.
        sources: which training each direction comes from, for people.
    """

    styles: Mapping[str, Sequence[str]]
    network: Mapping[str, Any]
    window: Sequence[float]
    loading: Sequence[Mapping[str, Any]]
    digests: Mapping[str, str]
    sources: Mapping[str, str]

    @property
    def intensity_window(self) -> IntensityWindow:
        return IntensityWindow.checked(*self.window)

    def style_of(self, manufacturer: str) -> str:
        """The style of a manufacturer.

        Raises:
            ValueError: it has none here.
        """
        for name, manufacturers in self.styles.items():
            if manufacturer in manufacturers:
                return name
        known = '; '.join(f'{name}: {", ".join(makers)}' for name, makers in self.styles.items())
        raise ValueError(
            f'manufacturer {manufacturer!r} has no style, there are {known}: leave its images out by '
            "filter_cfg=dict(manufacturers=[...]), or add it to a style's manufacturers in styles.json"
        )


def style_folder(path: str | Path) -> Path:
    """The folder of styles that a path names: itself, or the one that this ``styles.json`` is in."""
    return Path(path).parent if Path(path).name == CONTENT else Path(path)


def direction(source: str, target: str) -> str:
    """How the translation from one style to another is called."""
    return f'{source}_to_{target}'


def file_of(folder: str | Path, source: str, target: str) -> Path:
    """The weights of a generator."""
    return Path(folder) / 'generators' / f'{direction(source, target)}.pth'


def write_styles(
    folder: str | Path,
    styles: Mapping[str, Sequence[str]],
    weights: Mapping[tuple[str, str], Mapping[str, Tensor]],
    *,
    network: Mapping[str, Any],
    window: Sequence[float],
    loading: Sequence[Mapping[str, Any]],
    sources: Mapping[tuple[str, str], str],
) -> LearnedStyles:
    """Writes a folder of styles; ``styles.json`` last, so that it never speaks of files that are not there.

    Args:
        folder: made if missing.
        styles, network, window, loading: see :class:`LearnedStyles`.
        weights: (source, target) to the weights of the generator.
        sources: (source, target) to the training that it comes from.

    Raises:
        ValueError: a direction has no generator.
    """
    if missing := [direction(*pair) for pair in permutations(styles, 2) if pair not in weights]:
        raise ValueError(f'no generator for {", ".join(missing)}: every two styles need a training')
    digests = {}
    for pair, state in weights.items():
        path = file_of(folder, *pair)
        with whole_file(path) as unfinished:
            torch.save({'state_dict': dict(state)}, unfinished)
        digests[direction(*pair)] = digest_source(path)
    named = {direction(*pair): text for pair, text in sources.items()}
    learned = LearnedStyles(dict(styles), dict(network), list(window), list(loading), digests, named)
    write_whole(Path(folder) / CONTENT, json.dumps({'version': _VERSION, **asdict(learned)}, indent=1) + '\n')
    return learned


def read_styles(folder: str | Path) -> LearnedStyles:
    """What a folder of styles holds.

    Raises:
        FileNotFoundError: there is none; the message names the command that makes it.
        ValueError: it is of another version.
    """
    path = Path(folder) / CONTENT
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist: train projects/msvcl/styles_plan.py, or gather trained generators with '
            f'mammo styles gather {folder} CHECKPOINT ...'
        )
    content = json.loads(path.read_text(encoding='utf-8'))
    if content.pop('version', None) != _VERSION:
        raise ValueError(f'{path} is of another version: gather the generators again')
    return LearnedStyles(**content)


def read_generator(folder: str | Path, learned: LearnedStyles, source: str, target: str) -> dict[str, Tensor]:
    """The weights of a direction.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it has changed since the folder was made.
    """
    path = file_of(folder, source, target)
    weights = load_checkpoint_file(path)['state_dict']
    if digest_source(path) != learned.digests[direction(source, target)]:
        raise ValueError(f'{path} has changed since it was gathered: run mammo styles gather again')
    return weights
