"""Testing a checkpoint on the data set that its config names."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config
from mmengine.model import is_model_wrapper

from mammo_plugins.apis.head_classes import check_head_classes
from mammo_plugins.apis.run_config import build_runner, load_run_config, named_config_errors
from mammo_plugins.apis.weight_fit import read_weights, require_whole_fit
from mammo_plugins.compat.pretrained_weights import drop_pretrained

from .outputs import send_predictions_to


def evaluate_checkpoint(
    config: str | Path,
    checkpoint: str | Path,
    *,
    out: str | Path | None = None,
    split: str | None = None,
    work_dir: str | Path | None = None,
    ann_file: str | Path | None = None,
    cfg_options: dict | None = None,
    launcher: str = 'none',
    trust_checkpoint: bool = False,
) -> dict[str, float]:
    """Predicts and scores the test set.

    Args:
        config: path or name of the config.
        checkpoint: weights, a path or URL.
        split: images to predict and score, in place of those that the config names.
        out: where the predictions go, see :func:`~.outputs.send_predictions_to`.
        work_dir, ann_file, cfg_options, launcher, trust_checkpoint: as for :func:`~mammo_plugins.apis.train.train`.

    Returns:
        The metrics by name.

    Raises:
        FileNotFoundError: the config, data or checkpoint do not exist.
        ValueError: they do not fit each other: the checkpoint must hold exactly the weights of the model.
    """
    cfg = load_run_config(
        config,
        work_dir=work_dir,
        ann_file=ann_file,
        cfg_options=cfg_options,
        launcher=launcher,
        trust_checkpoint=trust_checkpoint,
    )
    cfg.load_from, cfg.resume = str(checkpoint), False
    if split is not None:
        use_split(cfg, split)
    if out is not None:
        send_predictions_to(cfg, Path(out))
    check_head_classes(cfg, splits=('test',))
    weights = read_weights(checkpoint)
    drop_pretrained(cfg.model)  # every weight comes from the checkpoint
    runner = build_runner(config, cfg)
    with named_config_errors(config):
        _ = runner.test_loop
    require_whole_fit(checkpoint, weights, runner.model.module if is_model_wrapper(runner.model) else runner.model)
    return runner.test()


def use_split(cfg: Config, split: str) -> None:
    """Makes a config test on another split of its annotation file."""
    evaluators = cfg.get('test_evaluator') or []
    for part in (cfg.test_dataloader.dataset, *(evaluators if isinstance(evaluators, list) else [evaluators])):
        part.split = split
