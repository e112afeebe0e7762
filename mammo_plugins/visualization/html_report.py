"""The report: one HTML file with results, FROC curves and cases to leaf through, which needs nothing but a browser."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template

from mammo_plugins.io.whole_file import whole_file

from .curve_plot import PlotCurve, froc_svg, roc_svg
from .hanging import hang_order
from .page_parts import asset, notes_list, page_script, results_table, tables_section, viewer_script
from .picture_planes import EncodedStack, fit_stacks
from .report_content import ReportCase, ReportView
from .report_frames import encode_stacks
from .result_table import Row
from .viewer_data import MAX_PREDICTIONS, EncodedView, viewer_data

MAX_BYTES = 150_000_000
_PLANE = '<script type="application/octet-stream" id="plane-{number}-{frame}">{text}</script>\n'
_TAG_BYTES = 80  # of a plane, at most
_PLANES_HERE = '<!-- planes -->'  # a line of cases.html


def write_report(
    path: str | Path,
    title: str,
    rows: Sequence[Row],
    froc: Mapping[str, PlotCurve] | None = None,
    roc: Mapping[str, PlotCurve] | None = None,
    cases: Sequence[ReportCase] = (),
    notes: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
    figures: Sequence[tuple[str, str]] = (),
    tables: Sequence[tuple[str, Sequence[Row]]] = (),
) -> Path:
    """Writes the report; the file appears only when it is complete.

    Args:
        path: where it goes.
        title: its heading.
        rows: the results table, see :mod:`mammo_plugins.visualization.result_table`; empty for none.
        froc, roc: curves by name; None for none.
        cases: breasts to leaf through; their images are reduced until all fit into ``max_bytes``.
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
    views = [view for case in cases for view in case.views]
    parts = {
        'title': html.escape(title),
        'style': asset('report.css') + (asset('viewer.css') if cases else ''),
        'script': page_script() + (viewer_script() if cases else ''),
        'results': _results_section(rows, notes) + tables_section(tables),
        'curves': _curves_section(froc or {}, roc or {}, figures),
        'cases': _cases_section(cases),
    }
    page = Template(asset('report.html'))
    empty = [EncodedView(view, EncodedStack([], 0, 0), {}) for view in views]
    room = max_bytes - len(page.substitute(parts, data=_embed(viewer_data(cases, empty))).encode())
    pictures = _encode_pictures(views, room // 2)
    room -= sum(len(url) for urls in pictures for url in urls.values())
    stacks = fit_stacks([view.frames for view in views], room - sum(len(view.frames) for view in views) * _TAG_BYTES)
    encoded = [EncodedView(*parts_of_view) for parts_of_view in zip(views, stacks, pictures, strict=True)]
    before, _, after = page.substitute(parts, data=_embed(viewer_data(cases, encoded))).partition(_PLANES_HERE)
    with whole_file(path) as unfinished, unfinished.open('w', encoding='utf-8') as file:
        file.write(before)
        for number, stack in enumerate(stacks):
            for frame, text in enumerate(stack.texts):
                file.write(_PLANE.format(number=number, frame=frame, text=text))
        file.write(after)
    return path


def _hung(case: ReportCase) -> ReportCase:
    order = hang_order([view.view_name for view in case.views])
    return replace(case, views=[case.views[index].hung() for index in order])


def _encode_pictures(views: Sequence[ReportView], max_bytes: int) -> list[dict[str, str]]:
    """Name to data URL of the pictures that a model made of each view."""
    urls = iter(encode_stacks([levels[None] for view in views for levels in view.pictures.values()], max_bytes))
    return [{name: next(urls)[0] for name in view.pictures} for view in views]


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
    options = ''.join(f'<option{" selected" if n == 3 else ""}>{n}</option>' for n in (1, 2, 3, 5, 10, MAX_PREDICTIONS))
    return Template(asset('cases.html')).substitute(options=options)


def _embed(data: dict[str, object]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, allow_nan=False, separators=(',', ':')).replace('<', '\\u003c')
