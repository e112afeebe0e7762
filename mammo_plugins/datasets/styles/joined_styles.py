"""Several banks of styles as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import TASK_UTILS

from .generator_styles import GeneratorStyles


@TASK_UTILS.register_module()
class JoinedStyles:
    """Shows an image in the styles of several folders: its own, and each other style as each folder has it.

    ``CP-GE`` is the style GE of the folder CP. Domain diversification shifts an image in three ways towards each other
    domain, and trains on all of them beside the image itself.

    Source: Kim et al., Diversify and Match (CVPR 2019), section 3.2.

    Args:
        folders: name to folder, see :class:`GeneratorStyles`. All must know the same styles.
        keep: see there.

    Raises:
        ValueError: there is no folder, or they know other styles.
    """

    def __init__(self, folders: Mapping[str, str | Path], keep: bool = True) -> None:
        self.banks = {name: GeneratorStyles(folder, keep) for name, folder in folders.items()}
        known = {name: dict(bank.learned.styles) for name, bank in self.banks.items()}
        if not known or any(styles != next(iter(known.values())) for styles in known.values()):
            raise ValueError(f'folders of the same styles of the same manufacturers are joined, got {known}')

    def styles(self, view: dict[str, Any]) -> Sequence[str]:
        """The own style, then each other one of each folder."""
        own = self._own(view)
        others = [style for style in next(iter(self.banks.values())).styles(view) if style != own]
        return [own, *(f'{name}-{style}' for name in self.banks for style in others)]

    def show(self, view: dict[str, Any], style: str) -> np.ndarray:
        """(S, H, W) float32 in [0, 1]: the view as it is loaded, in a style.

        Raises:
            ValueError: there is no such style, or as :meth:`GeneratorStyles.show`.
        """
        if style not in (known := self.styles(view)):
            raise ValueError(f'no style {style!r}: there are {", ".join(known)}')
        if style == self._own(view):
            return view['img']
        name = next(name for name in self.banks if style.startswith(f'{name}-'))
        return self.banks[name].show(view, style[len(name) + 1 :])

    def _own(self, view: dict[str, Any]) -> str:
        return next(iter(self.banks.values())).learned.style_of(view['manufacturer'])
