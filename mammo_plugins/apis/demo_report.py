"""The demo's HTML report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammo_plugins.evaluation import DetectionResult
from mammo_plugins.io import read_annotations
from mammo_plugins.visualization import ReportCase, model_rows, write_report

from .inference import build_detector, build_test_dataset, predict_cases
from .report_cases import report_case
from .run_config import load_run_config

if TYPE_CHECKING:
    from .demo import DemoRow

_CASES = {1.0: 5, 0.0: 2}  # malignant breasts and others to leaf through


def write_demo_report(
    path: Path,
    rows: Mapping[str, Mapping[str, DetectionResult]],
    annotations: Path,
    shown: DemoRow,
    checkpoint: str,
    cfg_options: Mapping[str, object],
) -> Path:
    """Writes the table, the FROC curves, and some test breasts with the findings of one model.

    Args:
        path: the HTML file.
        rows: model to protocol to result.
        annotations: annotation file.
        shown: the model whose findings are drawn.
        checkpoint: its weights.
        cfg_options: overrides of its config.
    """
    curves = {}
    for name, results in rows.items():
        for protocol, result in results.items():
            corners = result.curve.vertices()
            label = f'{name} ({"3-D" if protocol == "mm3d" else "2-D"})'
            curves[label] = (corners.fp_per_volume, corners.recall)
    return write_report(
        path,
        'Tomosynthesis detection on synthetic breasts',
        model_rows(rows),
        curves,
        _cases(annotations, shown, checkpoint, cfg_options),
        notes=[
            'Synthetic breasts: these numbers say that the software works, nothing about patients.',
            f'Findings below are those of {shown.name}; patients of the test split, which no model has seen.',
        ],
    )


def _cases(annotations: Path, shown: DemoRow, checkpoint: str, cfg_options: Mapping[str, object]) -> list[ReportCase]:
    cfg = load_run_config(shown.config, cfg_options=dict(cfg_options))
    chosen = _choose(build_test_dataset(cfg).malignancy_labels())
    dataset = build_test_dataset(cfg, indices=chosen)
    detector = build_detector(cfg, checkpoint)
    truth = read_annotations(annotations)
    samples = predict_cases(detector, dataset)
    return [report_case(dataset, index, sample, truth) for index, sample in enumerate(samples)]


def _choose(labels: np.ndarray) -> list[int]:
    """The first few cases of each kind, in the order of the data set: nobody picked them by how they look."""
    chosen = [index for kind, count in _CASES.items() for index in (labels == kind).nonzero()[0][:count]]
    return sorted(map(int, chosen))
