"""A matcher on annotated boxes, with landmarks of several kinds."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import nn

from mammo_plugins.apis.inference import build_detector, build_test_dataset
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.datasets.case_collate import collate_cases
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.evaluation.functional import PairCounts, count_pairs, pair_accuracy
from mammo_plugins.structures import ViewKey, ViewPosition
from mammo_plugins.structures.lesion_pairs import pair_lesions

LANDMARKS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        'annotated': dict(sources=['annotated']),
        'estimated': dict(sources=['estimated']),
        'annotated, 6 mm off': dict(sources=['annotated'], noise_mm=6.0),
        'annotated, 11 mm off': dict(sources=['annotated'], noise_mm=11.0),
    }
)
"""Name to fields of ``LocateLandmarks``. The errors are those of published rules for the nipple."""


@torch.no_grad()
def matching_accuracy(
    config: str | Path,
    checkpoint: str | Path,
    *,
    landmarks: Mapping[str, Mapping[str, Any]] = LANDMARKS,
    ann_file: str | Path | None = None,
    device: str | None = None,
    cfg_options: dict | None = None,
    trust_checkpoint: bool = False,
) -> dict[str, dict[str, float]]:
    """Matches the annotated masses of the test set.

    ``recall`` is the share of the masses annotated in both views whose boxes are each other's match among the boxes of
    their breast; ``accuracy`` and the like are over all pairs of a CC box and an MLO box of the whole set, decided by
    the limit alone.

    Args:
        config: path or name of the config of a ``MassMatchingDetector``.
        checkpoint: its weights.
        landmarks: name to fields of ``LocateLandmarks`` that change.
        ann_file: annotation file in place of the config's.
        device, cfg_options, trust_checkpoint: as for every command.

    Returns:
        The numbers by the name of the landmarks.

    Raises:
        ValueError: the model does not match masses, or its test pipeline has no ``LocateLandmarks``.
    """
    cfg = load_run_config(config, ann_file=ann_file, cfg_options=cfg_options, trust_checkpoint=trust_checkpoint)
    detector = build_detector(cfg, checkpoint, device)
    if not hasattr(detector, 'embed_truth'):
        raise ValueError(f'{config} has a {type(detector).__name__}, which matches nothing: use a MassMatchingDetector')
    return {
        name: _score(detector, build_test_dataset(cfg, pipeline=_with_landmarks(cfg, config, changes)))
        for name, changes in landmarks.items()
    }


def _with_landmarks(cfg: Config, config: str | Path, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    pipeline = copy.deepcopy(list(cfg.test_dataloader.dataset.pipeline))
    steps = [step for step in pipeline if step['type'] == 'LocateLandmarks']
    if not steps:
        raise ValueError(f'{config}: the test pipeline has no LocateLandmarks: put it first')
    for step in steps:
        step.update(changes)
    return pipeline


def _score(detector: nn.Module, dataset: CaseDataset) -> dict[str, float]:
    head, total = detector.matching_head, PairCounts()
    boxes: dict[ViewPosition, list[torch.Tensor]] = {ViewPosition.CC: [], ViewPosition.MLO: []}
    lesions: dict[ViewPosition, list[tuple[int, str]]] = {ViewPosition.CC: [], ViewPosition.MLO: []}
    for index in range(len(dataset)):
        batch = detector.data_preprocessor(collate_cases([dataset[index]]), False)
        (case,) = batch['data_samples']
        positions = [ViewKey.parse(view.view).position for view in case.views]
        if sorted(positions) != sorted(boxes) or not case.annotated:
            continue
        embeddings = detector.embed_truth(batch['inputs'], case)
        ids = [list(view.gt_instances.lesion_ids) for view in case.views]
        total += _count(head.distances(*embeddings).double().cpu().numpy(), ids, head.match_limit)
        for position, found, names in zip(positions, embeddings, ids, strict=True):
            boxes[position].append(found)
            lesions[position].extend((index, name) for name in names)
    return {
        'recall': total.recall,
        'lesions': total.lesions,
        'matched': total.matched,
        'false_pairs': total.false_pairs,
        **_decisions(detector, list(boxes.values()), list(lesions.values())),
    }


def _count(distances: np.ndarray, ids: Sequence[Sequence[str]], limit: float) -> PairCounts:
    pairs = [(ids[0][i], ids[1][j]) for i, j in pair_lesions(distances, limit)]
    return count_pairs(pairs, (set(ids[0]) & set(ids[1])) - {''}, (ids[0], ids[1]))


def _decisions(
    detector: nn.Module, boxes: Sequence[list[torch.Tensor]], lesions: Sequence[list[tuple[int, str]]]
) -> dict[str, float]:
    from mammo_plugins.models.roi_heads.mass_matching_head import label_pairs  # reaches mmcv.ops, installed by now

    head = detector.matching_head
    first, second, matched = label_pairs(*lesions)
    if not matched:
        return pair_accuracy(np.zeros(0), np.zeros(0), head.match_limit)
    distances = head.distances(*map(torch.cat, boxes)).double().cpu().numpy()[first, second]
    return pair_accuracy(distances, np.array(matched), head.match_limit)
