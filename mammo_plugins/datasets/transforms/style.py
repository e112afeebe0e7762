"""Showing an image in another vendor's style. What styles are, and who makes them, is the bank's business."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from mmdet.registry import TASK_UTILS, TRANSFORMS

from .random_view import RandomViewTransform

STEPS = 10
"""Blends go from one style to another in tenths."""


class StyleBank(Protocol):
    """What gives an image in other styles; registered in ``mmdet.registry.TASK_UTILS`` to be named in a config."""

    def styles(self, view: dict[str, Any]) -> Sequence[str]:
        """Names of the styles that a view can be shown in, its own among them."""

    def show(self, view: dict[str, Any], style: str) -> np.ndarray:
        """(S, H, W) float32 in [0, 1]: the view, pixel on pixel, in a style; ``view['img']`` is left alone."""


@TRANSFORMS.register_module()
class RandomStyle(RandomViewTransform):
    """Shows each view in a random style of a bank, or in a blend of two; copies of an image get different ones.

    A blend is ``(1 - alpha) * one + alpha * other`` with alpha of 0, 0.1, ..., 1. Every pair of styles and every alpha
    are as likely as any other. Comes first among the transforms of a copy, while the view is as loading left it. Adds
    ``style``, such as ``GE`` or ``0.3 GE + 0.7 Hologic``.

    Source: MSVCL v2, section III.B.1 and equation 2; version 1 does not blend.

    Args:
        bank: a :class:`StyleBank`, or its config.
        blend: whether styles are blended.

    Raises:
        ValueError: there is no bank, or (on an image) it knows fewer than two styles.
    """

    def __init__(self, bank: StyleBank | dict | None = None, blend: bool = True) -> None:
        if bank is None:
            raise ValueError(
                'RandomStyle needs a bank of styles: set style_bank=dict(type=...) in the config, of a class with '
                'styles(view) and show(view, style) that is registered in mmdet.registry.TASK_UTILS'
            )
        self.bank: StyleBank = _build(bank) if isinstance(bank, dict) else bank
        self.blend = blend

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, dict[str, float]]:
        names = sorted(set(self.bank.styles(view)))
        if len(names) < 2:
            raise ValueError(f'{view["img_path"]}: the bank of styles knows {names} of it, two are needed at least')
        taken = view.setdefault('styles_taken', [])
        choices = self._choices(names)
        shares = (free := [choice for choice in choices if choice not in taken] or choices)[rng.integers(len(free))]
        taken.append(shares)
        return dict(shares=shares)

    def apply(self, view: dict[str, Any], shares: dict[str, float]) -> None:
        img = sum(np.float32(share) * self.bank.show(view, name) for name, share in shares.items())
        if img.shape != view['img'].shape:
            raise ValueError(
                f'{view["img_path"]}: the bank gives {img.shape} for an image of {view["img"].shape}: RandomStyle '
                'comes before all that moves the image'
            )
        view['img'] = img.astype(np.float32)
        view['style'] = ' + '.join(name if share == 1 else f'{share:g} {name}' for name, share in shares.items())

    def _choices(self, names: Sequence[str]) -> list[dict[str, float]]:
        """Share of each style in the image, all equally likely; a plain style is in several blends."""
        if not self.blend:
            return [{name: 1.0} for name in names]
        steps = [(one, other, step) for one, other in combinations(names, 2) for step in range(STEPS + 1)]
        return [
            {name: share for name, share in ((one, 1 - step / STEPS), (other, step / STEPS)) if share > 0}
            for one, other, step in steps
        ]


@TRANSFORMS.register_module()
class ShowStyle(RandomStyle):
    """Shows each view in one style of a bank; nothing about it is random, so that it has its place in tests too.

    Args:
        style: its name.
        bank: a :class:`StyleBank`, or its config.
    """

    def __init__(self, style: str, bank: StyleBank | dict | None = None) -> None:
        super().__init__(bank, blend=False)
        self.style = style

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Transforms every view."""
        for view in results['views']:
            self.apply(view, {self.style: 1.0})
        return results


def _build(config: dict[str, Any]) -> StyleBank:
    # As transforms are: looking a name up would import all of mmdet.
    kind = TASK_UTILS.module_dict.get(config['type'], config['type'])
    return TASK_UTILS.build({'_scope_': 'mmdet', **config, 'type': kind})
