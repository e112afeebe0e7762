"""The demo's HTML report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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
    out: Path,
    rows: Mapping[str, Mapping[str, DetectionResult]],
    annotations: Path,
    shown: DemoRow,
    cfg_options: Mapping[str, object],
) -> Path:
    """Writes the table, the FROC curves, and some test breasts with the findings of one model.

    Args:
        out: the demo's folder; the report is ``report.html`` in it.
        rows: model to protocol to result.
        annotations: annotation file.
        shown: the model whose findings are drawn.
        cfg_options: overrides of its config.
    """
    curves = {}
    for name, results in rows.items():
        for protocol, result in results.items():
            corners = result.curve.vertices()
            label = f'{name} ({"3-D" if protocol == "mm3d" else "2-D"})'
            curves[label] = (corners.fp_per_volume, corners.recall)
    return write_report(
        out / 'report.html',
        'Tomosynthesis detection on synthetic breasts',
        model_rows(rows),
        curves,
        _cases(out, annotations, shown, cfg_options),
        notes=[
            'Synthetic breasts: these numbers say that the software works, nothing about patients.',
            f'Findings below are those of {shown.name}; patients of the test split, which no model has seen.',
        ],
    )


def _cases(out: Path, annotations: Path, shown: DemoRow, cfg_options: Mapping[str, object]) -> list[ReportCase]:
    cfg = load_run_config(shown.config, work_dir=out / 'work_dirs', cfg_options=dict(cfg_options))
    chosen = _choose(build_test_dataset(cfg).malignancy_labels())
    dataset = build_test_dataset(cfg, indices=chosen)
    detector = build_detector(cfg, out / 'work_dirs' / shown.weights / 'last.pth')
    truth = read_annotations(annotations)
    samples = predict_cases(detector, dataset)
    return [report_case(dataset, index, sample, truth) for index, sample in enumerate(samples)]


def _choose(labels) -> list[int]:
    """The first few cases of each kind, in the order of the data set: nobody picked them by how they look."""
    chosen = [index for kind, count in _CASES.items() for index in (labels == kind).nonzero()[0][:count]]
    return sorted(map(int, chosen))
