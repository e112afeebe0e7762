"""Figures of what trained models find, the counterparts of M&M-3D's Figs. 3 and 4 for any annotation file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mammo_plugins.io import read_annotations
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.visualization.figure_files import save_figure
from mammo_plugins.visualization.finding_panels import finding_panels_figure
from mammo_plugins.visualization.slice_score_plot import slice_score_figure

from .choice import choose_extremes, choose_rows, match_ranges
from .models import HIT_PROTOCOL, FigureModel, ModelFindings, find_in_split, load_model
from .panels import MAX_BOXES, Numbers, describe_row
from .slice_scores import describe_slice_scores

__all__ = ['DrawnFigures', 'FigureModel', 'draw_figures']


@dataclass(frozen=True)
class DrawnFigures:
    """What was drawn.

    Attributes:
        finding_panels: a row a finding, a column a model; PNG and PDF.
        slice_scores: finding-slice scores of two findings, PNG and PDF; empty where no model gives any.
        numbers: json with every number that is drawn.
        notes: what could not be drawn, and why.
    """

    finding_panels: list[Path]
    slice_scores: list[Path]
    numbers: Path
    notes: list[str] = field(default_factory=list)


def draw_figures(
    models: Sequence[FigureModel],
    ann_file: str | Path,
    out: str | Path,
    *,
    split: str | None = 'test',
    num_findings: int = 2,
    patients: Sequence[str] | None = None,
    fp_per_volume: float = 0.5,
    cfg_options: Mapping[str, object] | None = None,
    device: str | None = None,
    trust_checkpoint: bool = False,
) -> DrawnFigures:
    """Draws what models find in the malignant findings of a split, and how the last one scores their slices.

    Each model predicts the whole split, since its threshold is the score at which it has ``fp_per_volume`` false
    positives per volume there.

    Args:
        models: the columns, from left to right. The last one that weighs slices gives the slice scores.
        ann_file: annotation file with the images of all models; it takes the place of those in the configs.
        out: folder for ``finding_panels.{png,pdf}``, ``slice_scores.{png,pdf}`` and ``figures.json``.
        split: ``train``, ``validation`` or ``test``; None for all images.
        num_findings: most rows of the panels; see :func:`~mammo_plugins.apis.figures.choice.choose_rows`.
        patients: ids to choose findings from; None for all.
        fp_per_volume: operating point of the boxes that are drawn solid.
        cfg_options: overrides of all configs.
        device: such as ``cuda:1`` or ``cpu``; the first GPU by default, the CPU where there is none.
        trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        FileNotFoundError: there is no such config, checkpoint or annotation file.
        ValueError: no model, two of one name, weights of another model, or no malignant finding to draw.
    """
    _refuse_names(models)
    annotations = read_annotations(ann_file)
    options = dict(cfg_options=cfg_options, device=device, trust_checkpoint=trust_checkpoint)
    loaded = [load_model(model, ann_file, split, **options) for model in models]  # all, before the first one predicts
    columns = [find_in_split(one, annotations, fp_per_volume) for one in loaded]
    out = Path(out)
    panels, panel_numbers = _draw_panels(columns, num_findings, patients, fp_per_volume, out)
    scores, score_numbers, notes = _draw_slice_scores(columns, patients, out)
    numbers = {
        'annotations': Path(ann_file).name,
        'split': split,
        'patients': None if patients is None else list(patients),
        'models': [_model_numbers(column, fp_per_volume) for column in columns],
        'finding_panels': panel_numbers,
        'slice_scores': score_numbers,
        'notes': notes,
    }
    write_whole(out / 'figures.json', json.dumps(numbers, indent=1, allow_nan=False) + '\n')
    return DrawnFigures(panels, scores, out / 'figures.json', notes)


def _refuse_names(models: Sequence[FigureModel]) -> None:
    names = [model.name for model in models]
    if not names:
        raise ValueError('no model to draw: name at least one, with its config and checkpoint')
    if repeated := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ValueError(f'two models are called {repeated[0]!r}: a column needs a name of its own')


def _draw_panels(
    columns: Sequence[ModelFindings],
    num_findings: int,
    patients: Sequence[str] | None,
    fp_per_volume: float,
    out: Path,
) -> tuple[list[Path], Numbers]:
    chosen = choose_rows([column.annotations for column in columns], num_findings, patients)
    rows, numbers = zip(*(describe_row(columns, shown) for shown in chosen))
    solid = f'predicted, at {fp_per_volume:g} FP per volume'
    paths = save_figure(
        finding_panels_figure([column.model.name for column in columns], rows, solid), out / 'finding_panels'
    )
    caption = (
        'Images as the models read them; of a volume, the slices that the best match names, or the annotated ones '
        'where nothing matches. Dashed: annotated malignant findings. Solid: predictions on any slice whose score '
        f'reaches that of {fp_per_volume:g} false positives per volume of the model in these images, at most '
        f'{MAX_BOXES}. Dotted: the best match of the finding, where it does not. A match has a 2-D IoU of at least '
        '0.25. Rows: the first malignant finding of each patient in the order of the annotation file, then the next. '
        'Boxes are in stored pixels, slices count from 0.'
    )
    return paths, {'caption': caption, 'rows': list(numbers)}


def _draw_slice_scores(
    columns: Sequence[ModelFindings], patients: Sequence[str] | None, out: Path
) -> tuple[list[Path], Numbers | None, list[str]]:
    """The files, their numbers, and why there are none."""
    weighing = [column for column in columns if column.weighs_slices]
    if not weighing:
        names = ', '.join(column.model.name for column in columns)
        return [], None, [f'no slice scores: {names} read one picture of each image, and give none']
    model = weighing[-1]
    chosen = choose_extremes(match_ranges(model, patients), model.threshold)
    if not chosen:
        reason = 'hits no malignant finding with an annotated visible range (slice_range)'
        return [], None, [f'no slice scores: {model.model.name} {reason}']
    panels, numbers = zip(*(describe_slice_scores(model, matched) for matched in chosen))
    caption = (
        'Finding-slice scores of the highest-scoring proposal that matches a finding (2-D IoU of at least 0.25). Red '
        'bar: slice bins that hold slices of the visible range. The findings with the narrowest and the widest '
        'visible range among those found at the threshold (among all that are matched, where those are fewer than two).'
    )
    paths = save_figure(slice_score_figure(panels), out / 'slice_scores')
    return paths, {'caption': caption, 'model': model.model.name, 'findings': list(numbers)}, []


def _model_numbers(column: ModelFindings, fp_per_volume: float) -> Numbers:
    """A model and its threshold; names of files, never their folders."""
    return {
        'name': column.model.name,
        'config': Path(column.model.config).name,
        'checkpoint': Path(column.model.checkpoint).name,
        'modality': column.modality,
        'images': len(column.by_image),
        'threshold': column.threshold if math.isfinite(column.threshold) else None,
        'threshold_rule': f'lowest score with at most {fp_per_volume:g} false positives per volume in these images '
        f'(protocol {HIT_PROTOCOL}); null where none may pass',
    }
