"""A trained detector, and what it says about a data set."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.data import DataLoader

from mammo_plugins.apis.run_config import named_config_errors
from mammo_plugins.apis.weight_fit import read_weights, require_whole_fit
from mammo_plugins.compat.pretrained_weights import drop_pretrained
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
        FileNotFoundError: there is no such checkpoint.
        ValueError: there is no such device, the file is no checkpoint, or it belongs to another model.
    """
    place = find_device(device)
    weights = read_weights(checkpoint)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    model = copy.deepcopy(cfg.model)
    drop_pretrained(model)  # every weight comes from the checkpoint
    with named_config_errors(cfg.filename or 'of the model'):
        detector = MODELS.build(model)
    require_whole_fit(checkpoint, weights, detector)
    detector.load_state_dict(weights, strict=False)  # what it may lack was checked
    return detector.to(place).eval()


def find_device(device: str | torch.device | None = None) -> torch.device:
    """The device of a name; the first GPU by default, the CPU where there is none.

    Raises:
        ValueError: torch knows no such device, or this machine does not have it.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is None:
        return torch.device('cuda' if count else 'cpu')
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f'--device {device}: torch knows no such device; give cpu, cuda or cuda:1') from error
    if found.type == 'cuda' and (found.index or 0) >= count:
        present = f'{count} GPUs, cuda:0 to cuda:{count - 1}' if count > 1 else 'one GPU, cuda:0' if count else 'no GPU'
        raise ValueError(f'--device {device} is not there: torch sees {present}; leave it out, or give cpu')
    if found.type == 'mps' and not torch.backends.mps.is_available():
        raise ValueError(f'--device {device} is not there: leave it out, or give cpu')
    return found


def build_test_dataset(cfg: Config, **changes) -> CaseDataset:
    """The test data set of a config, with some arguments of :class:`CaseDataset` changed."""
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    return DATASETS.build(ConfigDict({**cfg.test_dataloader.dataset, **changes}))


def find_malignant_label(detector: nn.Module, classes: Sequence[str]) -> int:
    """The label whose findings are the suspicious ones: ``malignant``, else what the model says, else the only class.

    Args:
        detector: a head or the detector itself may have a ``malignant_class``.
        classes: of the data set, in the order of their labels.

    Raises:
        ValueError: nothing tells.
    """
    if 'malignant' in classes:
        return list(classes).index('malignant')
    told = {module.malignant_class for module in detector.modules() if hasattr(module, 'malignant_class')}
    told = told or ({0} if len(classes) == 1 else set())
    if len(told) != 1 or not 0 <= next(iter(told)) < len(classes):
        raise ValueError(
            f'none of the classes {", ".join(classes)} is called malignant, and the model does not tell which one is: '
            'set malignant_class in its config'
        )
    return told.pop()


@torch.no_grad()
def predict_cases(
    detector: nn.Module, dataset: CaseDataset, batch_size: int = 1, num_workers: int = 0
) -> Iterator[MammoCaseSample]:
    """Predicts every case of a data set in order.

    What a case gets is said at :meth:`~mammo_plugins.models.detectors.MultiViewSparseRCNN.predict`.
    """
    for batch in DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, collate_fn=collate_cases):
        yield from (case.cpu() for case in detector.test_step(batch))
