"""A progress bar with the loss and the remaining time."""

from __future__ import annotations

import sys

from mmdet.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows training progress on a terminal; writes nothing where the output is not one (logs keep their own lines).

    Args:
        smoothing: weight of the newest loss in the running mean that the bar shows.
    """

    priority = 'VERY_LOW'

    def __init__(self, smoothing: float = 0.05) -> None:
        if not 0 < smoothing <= 1:
            raise ValueError(f'smoothing must lie in (0, 1], got {smoothing}')
        self.smoothing = smoothing
        self._progress: Progress | None = None
        self._mean_loss: float | None = None

    @master_only
    def before_train(self, runner: Runner) -> None:
        if not sys.stderr.isatty():
            return
        columns = (
            TextColumn('training'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn('loss {task.fields[loss]}'),
        )
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task('', total=runner.max_iters, completed=runner.iter, loss='-')
        self._progress.start()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        if self._progress is None:
            return
        loss = float(outputs['loss'])
        previous = loss if self._mean_loss is None else self._mean_loss
        self._mean_loss = previous + self.smoothing * (loss - previous)
        self._progress.update(self._task, completed=runner.iter + 1, loss=f'{self._mean_loss:.3f}')

    def after_train(self, runner: Runner) -> None:
        self.close()

    def close(self) -> None:
        """Gives the terminal back; safe to call twice."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
