"""What a trained backbone says of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from mammo_plugins.compat.pretrained_weights import drop_pretrained

from .run_config import build_runner
from .weight_fit import read_weights, require_whole_fit

_PREFIX = 'backbone.'  # of a pretraining's names


def read_features(
    cfg: Config, config: str | Path, checkpoint: str | Path, pretraining: bool = False
) -> tuple[np.ndarray, list[str], list[int]]:
    """(N, C) means of the last feature map over each image of the test data, with vendors and image ids.

    Args:
        cfg: of a task, with a ``backbone`` of its own or of its ``detector``; changed in place.
        config: path or name of it, for messages.
        checkpoint: weights of the whole model.
        pretraining: it is of a pretraining, of which the backbone is taken.

    Raises:
        WeightsDoNotFitError: the weights are of another model.
    """
    drop_pretrained(cfg.model)
    cfg.load_from = None
    runner = build_runner(config, cfg)
    model = runner.model.eval()
    backbone = model.backbone if hasattr(model, 'backbone') else model.detector.backbone
    weights, target = read_weights(checkpoint), backbone if pretraining else model
    if pretraining:
        weights = {name[len(_PREFIX) :]: value for name, value in weights.items() if name.startswith(_PREFIX)}
    require_whole_fit(checkpoint, weights, target)
    target.load_state_dict(weights)
    features, vendors, ids = [], [], []
    for batch in runner.test_dataloader:
        data = model.data_preprocessor(batch)
        views = [view for case in data['data_samples'] for view in case.views]
        for image, view in zip(data['inputs'], views, strict=True):
            height, width = view.img_shape
            with torch.no_grad():
                found = backbone(image[None, :, :height, :width])[-1]
            features.append(found.mean(dim=(2, 3))[0].cpu().numpy())
            vendors.append(view.manufacturer or 'unknown')
            ids.append(int(view.image_id))
    return np.stack(features), vendors, ids
