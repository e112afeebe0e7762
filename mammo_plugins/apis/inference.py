"""A trained detector, and what it says about a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn
from torch.utils.data import DataLoader

from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.structures.case_sample import MammoCaseSample


def build_detector(cfg: Config, checkpoint: str | Path, device: str | torch.device | None = None) -> nn.Module:
    """The detector of a config with the weights of a checkpoint, ready to predict.

    Args:
        cfg: from :func:`~mammo_plugins.apis.run_config.load_run_config`.
        checkpoint: path or URL. Every weight of the model must be in it, and nothing else.
        device: the first GPU by default, the CPU where there is none.

    Raises:
        RuntimeError: the checkpoint belongs to another model; the message lists the weights that do not fit.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    detector = MODELS.build(cfg.model)
    load_checkpoint(detector, str(checkpoint), map_location='cpu', strict=True)
    return detector.to(device or ('cuda' if torch.cuda.is_available() else 'cpu')).eval()


def build_test_dataset(cfg: Config, **changes) -> CaseDataset:
    """The test data set of a config, with some arguments of :class:`CaseDataset` changed."""
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    return DATASETS.build(ConfigDict({**cfg.test_dataloader.dataset, **changes}))


@torch.no_grad()
def predict_cases(
    detector: nn.Module, dataset: CaseDataset, batch_size: int = 1, num_workers: int = 0
) -> Iterator[MammoCaseSample]:
    """Predicts every case of a data set in order.

    What a case gets is said at :meth:`~mammo_plugins.models.detectors.MultiViewSparseRCNN.predict`.
    """
    for batch in DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, collate_fn=collate_cases):
        yield from (case.cpu() for case in detector.test_step(batch))
