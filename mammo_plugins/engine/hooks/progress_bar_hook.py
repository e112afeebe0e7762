"""A progress bar with the loss and the remaining time."""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import torch
from mmdet.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows training progress on standard error: a bar on a terminal, a few lines elsewhere.

    Args:
        smoothing: weight of the newest loss in the running mean that is shown.
        lines: lines in a whole run where standard error is no terminal; 0 leaves that to mmengine's log.
    """

    priority = 'VERY_LOW'

    def __init__(self, smoothing: float = 0.05, lines: int = 0) -> None:
        if not 0 < smoothing <= 1:
            raise ValueError(f'smoothing must lie in (0, 1], got {smoothing}')
        if lines < 0:
            raise ValueError(f'lines must be 0 or more, got {lines}')
        self.smoothing = smoothing
        self.lines = lines
        self._progress: Progress | None = None
        self._mean_loss: float | None = None

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Opens the bar, where standard error is a terminal."""
        self._first, self._started = runner.iter, time.perf_counter()
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

    @master_only
    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        loss = float(torch.as_tensor(outputs['loss']).detach())
        previous = loss if self._mean_loss is None else self._mean_loss
        self._mean_loss = previous + self.smoothing * (loss - previous)
        done = runner.iter + 1
        if self._progress is not None:
            self._progress.update(self._task, completed=done, loss=f'{self._mean_loss:.3f}')
        elif self.lines and done * self.lines // runner.max_iters > (done - 1) * self.lines // runner.max_iters:
            self._print_line(done, runner.max_iters)

    def after_train(self, runner: Runner) -> None:
        self.close()

    def close(self) -> None:
        """Gives the terminal back; safe to call twice."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _print_line(self, done: int, total: int) -> None:
        seconds = (time.perf_counter() - self._started) / max(done - self._first, 1) * (total - done)
        left = timedelta(seconds=round(seconds))
        print(f'  training {done}/{total}, loss {self._mean_loss:.3f}, {left} left', file=sys.stderr, flush=True)
