"""The report: one HTML file with results, FROC curves and cases to leaf through, which needs nothing but a browser."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

import numpy as np

from mammo_plugins.io.whole_file import write_whole

from .curve_plot import PlotCurve, froc_svg, roc_svg
from .hanging import Box, hang_order
from .page_parts import asset, notes_list, page_script, results_table, tables_section
from .report_content import ReportCase, ReportPrediction, ReportTruth, ReportView
from .report_frames import encode_stacks
from .report_overlays import overlay_url
from .result_table import Row

_MAX_BYTES = 10_000_000
_MAX_PREDICTIONS = 20  # a view; more boxes than a reader looks at
_WEIGHT_DIGITS = 5


def write_report(
    path: str | Path,
    title: str,
    rows: Sequence[Row],
    froc: Mapping[str, PlotCurve] | None = None,
    roc: Mapping[str, PlotCurve] | None = None,
    cases: Sequence[ReportCase] = (),
    notes: Sequence[str] = (),
    max_bytes: int = _MAX_BYTES,
    figures: Sequence[tuple[str, str]] = (),
    tables: Sequence[tuple[str, Sequence[Row]]] = (),
) -> Path:
    """Writes the report; the file appears only when it is complete.

    Args:
        path: where it goes.
        title: its heading.
        rows: the results table, see :mod:`mammo_plugins.visualization.result_table`; empty for none.
        froc, roc: curves by name; None for none.
        cases: breasts to leaf through; the pictures are reduced until all fit into ``max_bytes``.
        notes: sentences below the table.
        max_bytes: largest size of the file.
        figures: further plots, each an ``<svg>`` element and its caption.
        tables: further tables, each a caption and its rows.

    Returns:
        The path.

    Raises:
        ValueError: the cases hold more pictures than fit.
    """
    path = Path(path)
    cases = [_hung(case) for case in cases]
    overlays = [_overlays(view) for case in cases for view in case.views]
    parts = {
        'title': html.escape(title),
        'style': asset('report.css'),
        'script': page_script(),
        'results': _results_section(rows, notes) + tables_section(tables),
        'curves': _curves_section(froc or {}, roc or {}, figures),
        'cases': _cases_section(cases),
    }
    page = Template(asset('report.html'))
    taken = len(page.substitute(parts, data=_embed(_case_data(cases, iter(overlays)))).encode())
    stacks = [stack for case in cases for view in case.views for stack in _stacks(view)]
    encoded = encode_stacks(stacks, max_bytes - taken)
    content = page.substitute(parts, data=_embed(_case_data(cases, iter(overlays), iter(encoded))))
    write_whole(path, content)
    return path


def _hung(case: ReportCase) -> ReportCase:
    order = hang_order([view.view_name for view in case.views])
    return replace(case, views=[case.views[index].hung() for index in order])


def _stacks(view: ReportView) -> list[np.ndarray]:
    """All grey pictures of a view: its frames, then each picture that a model made."""
    return [view.frames, *(picture[None] for picture in view.pictures.values())]


def _results_section(rows: Sequence[Row], notes: Sequence[str]) -> str:
    if not rows and not notes:
        return ''
    table = f'<div class="scroll">{results_table(rows)}</div>'
    return f'<section id="results"><h2>Results</h2>{table}{notes_list(notes)}</section>'


def _curves_section(
    froc: Mapping[str, PlotCurve], roc: Mapping[str, PlotCurve], figures: Sequence[tuple[str, str]]
) -> str:
    plots = []
    if froc:
        caption = 'Recall of malignant findings against false positives per volume; dotted: 0.25 and 0.5.'
        plots.append(_figure(froc_svg(froc), caption, froc))
    if roc:
        plots.append(_figure(roc_svg(roc), 'ROC over breasts; dotted: chance.', roc, ' square'))
    plots += [_figure(svg, html.escape(caption), {}, ' square') for svg, caption in figures]
    return f'<section id="curves"><h2>Curves</h2>{"".join(plots)}</section>' if plots else ''


def _figure(plot: str, caption: str, curves: Mapping[str, PlotCurve], shape: str = '') -> str:
    levels = {f'{curve.band.level:.0%}' for curve in curves.values() if curve.band is not None}
    if levels:
        caption += f' Bands: {", ".join(sorted(levels))} intervals at each point (bootstrap over patients).'
    return f'<figure class="plot{shape}">{plot}<figcaption>{caption}</figcaption></figure>'


def _cases_section(cases: Sequence[ReportCase]) -> str:
    if not cases:
        return ''
    options = ''.join(
        f'<option{" selected" if n == 3 else ""}>{n}</option>' for n in (1, 2, 3, 5, 10, _MAX_PREDICTIONS)
    )
    return Template(asset('cases.html')).substitute(options=options)


def _overlays(view: ReportView) -> list[dict[str, str]]:
    return [
        {'map': layer.source, 'class': layer.category, 'picture': overlay_url(layer.levels, layer.category)}
        for layer in view.saliency
    ]


def _case_data(
    cases: Sequence[ReportCase],
    overlays: Iterator[list[dict[str, str]]],
    encoded: Iterator[list[str]] | None = None,
) -> dict[str, object]:
    """What the page's script reads; without encoded pictures, it serves to measure the rest."""
    return {
        'cases': [
            {
                'id': case.case_id,
                'label': case.label,
                'caption': case.caption,
                'views': [_view_data(view, next(overlays), encoded) for view in case.views],
            }
            for case in cases
        ]
    }


def _view_data(
    view: ReportView, overlays: list[dict[str, str]], encoded: Iterator[list[str]] | None
) -> dict[str, object]:
    frames, *made = [next(encoded) if encoded else [] for _ in _stacks(view)]
    ranked = sorted(view.predictions, key=lambda prediction: -prediction.score)[:_MAX_PREDICTIONS]
    return {
        'name': view.view_name,
        'caption': view.caption,
        'size': list(view.size),
        'ranges': view.ranges,
        'frames': frames,
        'saliency': overlays,
        'patches': [{'box': _corners(patch.box_xyxy), 'text': patch.text} for patch in view.patches],
        'pictures': [{'name': name, 'picture': urls[:1]} for name, urls in zip(view.pictures, made, strict=True)],
        'truth': [_truth_data(finding) for finding in view.truth],
        'predictions': [_prediction_data(finding) for finding in ranked],
    }


def _truth_data(finding: ReportTruth) -> dict[str, object]:
    return {
        'box': _corners(finding.box_xyxy),
        'first': int(finding.first_slice),
        'last': int(finding.last_slice),
        'slice': int(finding.slice_index),
        'text': finding.text,
        'malignant': finding.malignant,
    }


def _prediction_data(finding: ReportPrediction) -> dict[str, object]:
    weights = finding.slice_weights
    return {
        'box': _corners(finding.box_xyxy),
        'slice': int(finding.slice_index),
        'score': float(finding.score),
        'weights': None if weights is None else [round(float(weight), _WEIGHT_DIGITS) for weight in weights],
        'hit': None if finding.hit is None else bool(finding.hit),
        'lesion': lesion_letters(finding.lesion),
        'location': finding.location,
    }


def _corners(box_xyxy: Box) -> list[float]:
    return [round(float(edge), 2) for edge in box_xyxy]


def lesion_letters(number: int) -> str:
    """A for 1, Z for 26, AA for 27; nothing for 0."""
    letters = ''
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord('A') + place) + letters
    return letters


def _embed(data: dict[str, object]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, allow_nan=False, separators=(',', ':')).replace('<', '\\u003c')
