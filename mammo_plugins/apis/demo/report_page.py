"""The demo's HTML report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mammo_plugins.apis.inference import build_detector, build_test_dataset, predict_cases
from mammo_plugins.apis.report.network_cases import report_case
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.evaluation import DetectionResult
from mammo_plugins.io import read_annotations
from mammo_plugins.visualization import PlotCurve, ReportCase, model_rows, result_curves, write_report
from mammo_plugins.visualization.result_table import Row

from .rows import DemoRow

_CASES = {1.0: 5, 0.0: 2}  # malignant breasts and others to leaf through


def write_demo_report(
    path: Path,
    rows: Mapping[str, Mapping[str, DetectionResult]],
    annotations: Path,
    shown: DemoRow,
    checkpoint: str,
    cfg_options: Mapping[str, object],
) -> Path:
    """Writes the table, the curves, and some test breasts with the findings of one model.

    Args:
        path: the HTML file.
        rows: model to protocol to result.
        annotations: annotation file.
        shown: the model whose findings are drawn.
        checkpoint: its weights.
        cfg_options: overrides of its config.
    """
    froc, roc = (_readable(curves, shown.name) for curves in result_curves(_named(rows)))
    return write_report(
        path,
        'Tomosynthesis detection on synthetic breasts',
        demo_rows(rows),
        froc,
        roc,
        _cases(annotations, shown, checkpoint, cfg_options),
        notes=[
            'Synthetic breasts: these numbers say that the software works, nothing about patients.',
            f'Findings below are those of {shown.name}; patients of the test split, which no model has seen.',
        ],
    )


def demo_rows(rows: Mapping[str, Mapping[str, DetectionResult]]) -> list[Row]:
    """The demo's table, its columns named 2-D and 3-D rather than by protocol."""
    return model_rows(_named(rows))


def _named(rows: Mapping[str, Mapping[str, DetectionResult]]) -> dict[str, dict[str, DetectionResult]]:
    named = {'mm3d-2d': '2-D', 'mm3d': '3-D'}
    return {model: {named[name]: result for name, result in row.items()} for model, row in rows.items()}


def _readable(curves: Mapping[str, PlotCurve], shown: str) -> dict[str, PlotCurve]:
    """The curves without those in 3-D and the bands of the models that are not shown; all would hide one another."""
    return {
        name: curve if name.startswith(shown) else replace(curve, band=None)
        for name, curve in curves.items()
        if name.startswith(shown) or not name.endswith('(3-D)')
    }


def _cases(annotations: Path, shown: DemoRow, checkpoint: str, cfg_options: Mapping[str, object]) -> list[ReportCase]:
    cfg = load_run_config(shown.config, cfg_options=dict(cfg_options))
    chosen = _choose(build_test_dataset(cfg).malignancy_labels())
    dataset = build_test_dataset(cfg, indices=chosen)
    detector = build_detector(cfg, checkpoint)
    truth = read_annotations(annotations)
    samples = predict_cases(detector, dataset)
    return [report_case(dataset, index, sample, truth) for index, sample in enumerate(samples)]


def _choose(labels: np.ndarray) -> list[int]:
    """The first few malignant cases, then the first few others: nobody picked them by how they look."""
    chosen = [index for kind, count in _CASES.items() for index in (labels == kind).nonzero()[0][:count]]
    return list(map(int, chosen))
