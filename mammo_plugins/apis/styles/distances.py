"""How far vendors lie apart before and after style transfer, by features of a trained backbone."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np

from mammo_plugins.apis.backbone_features import read_features
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.styles import read_styles
from mammo_plugins.evaluation.functional.feature_distances import frechet_distance, polynomial_mmd

DISTANCES = {'frechet': frechet_distance, 'mmd': polynomial_mmd}


def style_distances(
    folder: str | Path,
    config: str | Path,
    checkpoint: str | Path,
    *,
    ann_file: str | Path | None = None,
    cfg_options: dict | None = None,
    work_dir: str | Path,
) -> dict[str, dict[str, dict[str, float]]]:
    """Distances of each two styles of a folder, in both directions.

    The features are those of the config's backbone: Inception's, which the usual names FID and KID mean, were learnt on
    photographs. They tell sets apart by what that backbone sees, so compare numbers of one backbone only.

    Args:
        folder: of styles.
        config: path or name of a task's config; its test data give the images, those of other vendors left out.
        checkpoint: weights of the model.
        ann_file, cfg_options: as for every command.
        work_dir: folder for logs.

    Returns:
        ``ONE_to_OTHER`` to ``before`` (images of one and of the other) and ``after`` (the former translated) to
        distances.

    Raises:
        FileNotFoundError, ValueError: there is no such folder, a style has fewer than two images, or the config draws
            no single images.
    """
    learned = read_styles(folder)
    makers = [maker for group in learned.styles.values() for maker in group]
    features: dict[str, np.ndarray] = {}
    for target in learned.styles:
        cfg = load_run_config(config, ann_file=ann_file, work_dir=work_dir, cfg_options=cfg_options)
        data = cfg.test_dataloader.dataset
        data.filter_cfg = {**(data.get('filter_cfg') or {}), 'manufacturers': makers}
        show = dict(type='ShowStyle', style=target, bank=dict(type='GeneratorStyles', folder=str(folder), keep=False))
        data.pipeline = [show, *data.pipeline]
        found, vendors, _ = read_features(cfg, config, checkpoint)
        own = np.array([learned.style_of(vendor) for vendor in vendors])
        features |= {f'{source}_to_{target}': found[own == source] for source in learned.styles}
    return {
        f'{one}_to_{other}': {
            when: {
                name: distance(features[shown], features[f'{other}_to_{other}']) for name, distance in DISTANCES.items()
            }
            for when, shown in (('before', f'{one}_to_{one}'), ('after', f'{one}_to_{other}'))
        }
        for one, other in permutations(learned.styles, 2)
    }
