"""An HTML report of files of predictions of any kind; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import is_label_file
from mammo_plugins.visualization import write_report

from .picture_layers import PICTURE_HEIGHT, PictureLayers
from .predictions_files import detections_part
from .report_part import ReportPart
from .scored_files import labels_part, saliency_part
from .stored_cases import Drawn, stored_cases
from .view_pixels import KeptPixels

# In the order of the page.
_PARTS = {'detections': detections_part, 'labels': labels_part, 'saliency': saliency_part}


def report_predictions(
    predictions: Mapping[str, str | Path],
    options: ScoringOptions,
    out: str | Path,
    *,
    pictures: str | Path | None = None,
    cases: int = 6,
    title: str = 'Evaluation report',
    kept: KeptPixels | None = None,
    whole_studies: bool = False,
) -> Path:
    """Scores predictions and writes their tables, curves, and some breasts with what was predicted of them.

    Args:
        predictions: name of the model to its findings (CSV), labels (CSV) or saliency maps (folder); all kinds together
            make one page.
        options: which images, and how.
        out: the HTML file.
        pictures: folder of pictures that the model made, with which the images are compared in pairs of both sides.
        cases: breasts to show, see :func:`~.stored_cases.stored_cases`; 0 for none.
        title: heading of the report.
        kept: how much of the images the page keeps; less where they would make it too large.
        whole_studies: show the studies of these breasts whole, and the other studies of their patients.

    Returns:
        The path of the report.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    by_kind: dict[str, dict[str, str | Path]] = {}
    for name, path in predictions.items():
        by_kind.setdefault(_kind(path), {})[name] = path
    parts = [part(by_kind[kind], options) for kind, part in _PARTS.items() if kind in by_kind]
    drawn = replace(_drawn(parts), kept=kept or KeptPixels())
    if pictures is not None:
        drawn = replace(drawn, pictures=PictureLayers({'': pictures}, PICTURE_HEIGHT))
    shown, of_cases = stored_cases(cases, options.read_truth(), drawn, whole_studies)
    if shown:
        of_cases += [part.case_note for part in parts if part.case_note]
    first, *further = parts
    return write_report(
        out,
        title,
        first.rows,
        next((part.froc for part in parts if part.froc), None),
        next((part.roc for part in parts if part.roc), None),
        shown,
        [note for part in parts for note in part.notes] + of_cases,
        figures=[figure for part in parts for figure in part.figures],
        tables=[(part.heading, part.rows) for part in further] + [table for part in parts for table in part.tables],
    )


def _kind(path: str | Path) -> str:
    if Path(path).is_dir():
        return 'saliency'
    return 'labels' if is_label_file(path) else 'detections'


def _drawn(parts: Sequence[ReportPart]) -> Drawn:
    """What all parts draw; each has what no other has."""
    nothing = Drawn()
    given = {
        name: value for part in parts for name, value in vars(part.drawn).items() if value != getattr(nothing, name)
    }
    return Drawn(**given)
