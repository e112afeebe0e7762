"""What a run may switch on in a line: best checkpoint, early stopping, averaged weights, TensorBoard, scaled rate."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import torch
from mmengine.config import Config, ConfigDict

from mammo_plugins.evaluation.protocols import get_protocol
from mammo_plugins.evaluation.reported_numbers import BREAST_NUMBERS

_BREAST_AUC = 'breast_auc'
_EMA_MOMENTUM = 0.0002  # an average over about the last 5000 steps, over fewer in the beginning


@dataclass(frozen=True)
class RunOptions:
    """Switches of a training; each can be written into a config instead, as ``docs/training.md`` shows.

    Attributes:
        amp: mixed precision: bfloat16 where the GPU has it (no loss scaling needed), float16 otherwise.
        save_best: keep the checkpoint with the best value of a validation number, such as ``mm3d/R@0.25``; True takes
            the first number of the metric's first protocol.
        early_stop: end after so many validations without a better value of that number.
        ema: validate and save an exponential moving average of the weights.
        tensorboard: write losses, learning rate and numbers as TensorBoard scalars, nothing else.
        auto_scale_lr: scale the learning rate with the global batch size, from the config's ``base_batch_size``.
    """

    amp: bool = False
    save_best: bool | str = False
    early_stop: int | None = None
    ema: bool = False
    tensorboard: bool = False
    auto_scale_lr: bool = False

    def apply(self, cfg: Config) -> None:
        """Writes what is on into a config.

        Raises:
            ValueError: the config or the machine lacks what an option needs.
            ModuleNotFoundError: TensorBoard is not installed.
        """
        if self.amp:
            _use_mixed_precision(cfg)
        if self.save_best:
            cfg.default_hooks.checkpoint.update(save_best=_number(cfg, self.save_best), rule='greater')
        if self.early_stop is not None:
            if self.early_stop < 1:
                raise ValueError(f'--early-stop counts validations and must be at least 1, got {self.early_stop}')
            _add_hook(
                cfg,
                type='EarlyStoppingHook',
                monitor=_number(cfg, self.save_best or True),
                rule='greater',
                patience=self.early_stop,
                min_delta=1e-9,  # mmengine takes an equal value for a better one
            )
        if self.ema:
            _add_hook(cfg, type='EMAHook', ema_type='ExpMomentumEMA', momentum=_EMA_MOMENTUM, update_buffers=True)
        if self.tensorboard:
            _use_tensorboard(cfg)
        if self.auto_scale_lr:
            if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
                raise ValueError(
                    '--auto-scale-lr needs the batch size that the learning rate is meant for: add '
                    'auto_scale_lr = dict(base_batch_size=N) to the config'
                )
            cfg.auto_scale_lr.enable = True


def check_watched_numbers(cfg: Config) -> None:
    """Refuses a ``save_best`` or early stopping by a number that validation will not give, before it trains for hours.

    Raises:
        ValueError: the validation's metric has no such number, or there is no validation.
    """
    watched = [(cfg.get('default_hooks') or {}).get('checkpoint', {}) or {}, *(cfg.get('custom_hooks') or [])]
    for hook in watched:
        names = hook.get('save_best') or (hook.get('monitor') if hook.get('type') == 'EarlyStoppingHook' else None)
        for name in [names] if isinstance(names, str) else names or []:
            if name != 'auto':
                _number(cfg, name)


def _number(cfg: Config, name: bool | str) -> str:
    """The name of a number of the validation's metric."""
    if not cfg.get('val_evaluator') or not cfg.get('val_dataloader'):
        raise ValueError(
            'the best checkpoint and early stopping need a validation, and the config has no val_evaluator'
        )
    evaluators = cfg.val_evaluator if isinstance(cfg.val_evaluator, list) else [cfg.val_evaluator]
    by_metric = [_numbers(evaluator) for evaluator in evaluators]
    known = [number for numbers in by_metric for number in numbers]
    if name is True:
        if not known:
            raise ValueError(
                f'{evaluators[0].type} has no number of its own to take: name one, such as --save-best NAME'
            )
        return known[0]
    if name not in known and all(by_metric):
        raise ValueError(f'validation gives no number {name!r} of which more is better: it has {", ".join(known)}')
    return str(name)


def _numbers(evaluator: ConfigDict) -> list[str]:
    """What a detection metric reports, higher is better; nothing for other metrics, whose names are not known here."""
    if evaluator.get('type') != 'VolumeDetectionMetric':
        return []
    numbers = []
    for protocol in map(get_protocol, evaluator.get('protocols', ('mm3d', 'mm3d-2d'))):
        numbers += [f'{protocol.name}/{number.name}' for number in (*protocol.numbers, *protocol.precisions)]
    return [*numbers, _BREAST_AUC, *(number.name for number in BREAST_NUMBERS)]


def _add_hook(cfg: Config, **hook: object) -> None:
    hooks = [other for other in cfg.get('custom_hooks') or [] if other.get('type') != hook['type']]
    cfg.custom_hooks = [*hooks, ConfigDict(hook)]


def _use_tensorboard(cfg: Config) -> None:
    if importlib.util.find_spec('tensorboard') is None:
        raise ModuleNotFoundError("--tensorboard needs TensorBoard: pip install 'mammo-plugins[track]'")
    backend = ConfigDict(type='ScalarTensorboardBackend')
    visualizer = cfg.setdefault('visualizer', ConfigDict(type='DetLocalVisualizer', vis_backends=[]))
    backends = [other for other in visualizer.get('vis_backends') or [] if other.type != backend.type]
    visualizer.vis_backends = [*backends, backend]


def _use_mixed_precision(cfg: Config) -> None:
    several = cfg.optim_wrapper.get('constructor') == 'ModuleOptimConstructor'
    wrappers = [one for name, one in cfg.optim_wrapper.items() if name != 'constructor'] if several else []
    for wrapper in wrappers or [cfg.optim_wrapper]:
        kind = wrapper.get('type', 'OptimWrapper')
        if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise ValueError(f'--amp replaces an OptimWrapper, but the config has {kind!r}')
    if not torch.cuda.is_available():
        raise ValueError(
            '--amp needs a GPU, and torch sees none (mmengine has no mixed precision on CPU): leave it out'
        )
    for wrapper in wrappers or [cfg.optim_wrapper]:
        wrapper.type = 'AmpOptimWrapper'
        wrapper.dtype = 'bfloat16' if torch.cuda.is_bf16_supported() else 'float16'
