"""The report: one HTML file with results, FROC curves and cases to leaf through, which needs nothing but a browser."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from string import Template

from mammo_plugins.evaluation.functional import Estimate
from mammo_plugins.io.whole_file import write_whole

from .curve_plot import PlotCurve, froc_svg, roc_svg
from .report_content import ReportCase, ReportPrediction, ReportTruth, ReportView
from .report_frames import encode_stacks
from .report_overlays import overlay_url
from .result_table import Row, column_names

_MAX_BYTES = 10_000_000
_MAX_PREDICTIONS = 20  # a view; more boxes than a reader looks at
_WEIGHT_DIGITS = 5
_LOWER_IS_BETTER = ('brier', 'ece')


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
    cases = [replace(case, views=[view.hung() for view in case.views]) for case in cases]
    overlays = [_overlays(view) for case in cases for view in case.views]
    parts = {
        'title': html.escape(title),
        'style': _asset('report.css'),
        'script': _asset('report.js'),
        'results': _results_section(rows, notes) + _tables_section(tables),
        'curves': _curves_section(froc or {}, roc or {}, figures),
        'cases': _cases_section(cases),
    }
    page = Template(_asset('report.html'))
    taken = len(page.substitute(parts, data=_embed(_case_data(cases, iter(overlays)))).encode())
    stacks = [view.frames for case in cases for view in case.views]
    pictures = encode_stacks(stacks, max_bytes - taken)
    content = page.substitute(parts, data=_embed(_case_data(cases, iter(overlays), iter(pictures))))
    write_whole(path, content)
    return path


def _asset(name: str) -> str:
    return files(__package__).joinpath('assets', name).read_text(encoding='utf-8')


def _results_section(rows: Sequence[Row], notes: Sequence[str]) -> str:
    if not rows and not notes:
        return ''
    items = ''.join(f'<li>{html.escape(note)}</li>' for note in notes)
    listed = f'<ul class="notes">{items}</ul>' if notes else ''
    return f'<section id="results"><h2>Results</h2><div class="scroll">{_table(rows)}</div>{listed}</section>'


def _tables_section(tables: Sequence[tuple[str, Sequence[Row]]]) -> str:
    parts = [f'<h3>{html.escape(caption)}</h3><div class="scroll">{_table(rows)}</div>' for caption, rows in tables]
    return f'<section id="tables"><h2>Tables</h2>{"".join(parts)}</section>' if parts else ''


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ''
    names = column_names(rows)
    best = {name: _best_value(rows, name) for name in names}
    head = ''.join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    body = ''.join(
        '<tr>' + ''.join(_cell(row.get(name, ''), best[name], is_name=not i) for i, name in enumerate(names)) + '</tr>'
        for row in rows
    )
    return f'<table class="results"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _best_value(rows: Sequence[Row], name: str) -> float | None:
    """Best value of a column, None where there is nothing to compare."""
    values = [row[name].value for row in rows if isinstance(row.get(name), Estimate)]
    better = min if name in _LOWER_IS_BETTER else max
    return better(values) if len(values) > 1 else None


def _cell(value: str | Estimate, best: float | None, is_name: bool) -> str:
    if not isinstance(value, Estimate):
        text = html.escape(str(value))
        return f'<th scope="row">{text}</th>' if is_name else f'<td>{text}</td>'
    hint = html.escape('; '.join(filter(None, [value.method, value.reason])), quote=True)
    css = ' class="best"' if value.value == best else ''
    title = f' title="{hint}"' if hint else ''
    number, error, interval = (html.escape(text) for text in value.parts())
    error = f' <small>{error}</small>' if error else ''
    interval = f'<br><small>{interval}</small>' if interval else ''
    return f'<td{css}{title}>{number}{error}{interval}</td>'


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
    return Template(_asset('cases.html')).substitute(options=options)


def _overlays(view: ReportView) -> list[dict[str, str]]:
    return [{'name': name, 'picture': overlay_url(levels)} for name, levels in view.saliency.items()]


def _case_data(
    cases: Sequence[ReportCase],
    overlays: Iterator[list[dict[str, str]]],
    pictures: Iterator[list[str]] | None = None,
) -> dict[str, object]:
    """What the page's script reads; without pictures, it serves to measure the rest."""
    return {
        'cases': [
            {
                'id': case.case_id,
                'label': case.label,
                'caption': case.caption,
                'views': [_view_data(view, next(overlays), next(pictures) if pictures else []) for view in case.views],
            }
            for case in cases
        ]
    }


def _view_data(view: ReportView, overlays: list[dict[str, str]], frames: list[str]) -> dict[str, object]:
    ranked = sorted(view.predictions, key=lambda prediction: -prediction.score)[:_MAX_PREDICTIONS]
    return {
        'name': view.view_name,
        'caption': view.caption,
        'size': list(view.size),
        'ranges': view.ranges,
        'frames': frames,
        'saliency': overlays,
        'truth': [_truth_data(finding) for finding in view.truth],
        'predictions': [_prediction_data(finding) for finding in ranked],
    }


def _truth_data(finding: ReportTruth) -> dict[str, object]:
    return {
        'box': [round(float(edge), 2) for edge in finding.box_xyxy],
        'first': int(finding.first_slice),
        'last': int(finding.last_slice),
        'slice': int(finding.slice_index),
        'text': finding.text,
        'malignant': finding.malignant,
    }


def _prediction_data(finding: ReportPrediction) -> dict[str, object]:
    weights = finding.slice_weights
    return {
        'box': [round(float(edge), 2) for edge in finding.box_xyxy],
        'slice': int(finding.slice_index),
        'score': float(finding.score),
        'weights': None if weights is None else [round(float(weight), _WEIGHT_DIGITS) for weight in weights],
        'hit': None if finding.hit is None else bool(finding.hit),
    }


def _embed(data: dict[str, object]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, allow_nan=False, separators=(',', ':')).replace('<', '\\u003c')
