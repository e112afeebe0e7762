"""The best checkpoint by the number that the validation images allow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

_CHOSEN = 'checkpoint_selected_by'


@HOOKS.register_module()
class PreferredCheckpointHook(CheckpointHook):
    """Keeps the checkpoint with the highest of one number: of several, the first that validation gives.

    GLAM selects by Dice, which needs masks; images that have labels only give an AUC instead. The first validation
    decides, and a resumed run keeps to it.

    Args:
        preferred: names of numbers, the best first.
        save_best, rule: as for mmengine's hook; a number that is named so is taken in place of the preferred ones.
        others: likewise.
    """

    def __init__(
        self,
        preferred: Sequence[str],
        save_best: str | None = None,
        rule: str | None = None,
        **others: Any,
    ) -> None:
        super().__init__(save_best=save_best or preferred[0], rule=rule or 'greater', **others)
        self._preferred = [save_best] if save_best else list(preferred)

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, float]) -> None:
        """Saves the weights if they are the best so far.

        Raises:
            ValueError: the first validation gives none of the numbers.
        """
        if _CHOSEN not in runner.message_hub.runtime_info:
            runner.message_hub.update_info(_CHOSEN, self._choose(metrics))
        self._init_rule(self.rules, [runner.message_hub.get_info(_CHOSEN)])
        super().after_val_epoch(runner, metrics)

    def _choose(self, metrics: Mapping[str, float]) -> str:
        for name in self._preferred:
            if math.isfinite(metrics.get(name, math.nan)):
                return name
        raise ValueError(
            f'the best checkpoint goes by {" or ".join(self._preferred)}, and validation gives neither: it gives '
            f'{", ".join(name for name, value in metrics.items() if math.isfinite(value)) or "no number at all"}; name '
            'one with --save-best'
        )
