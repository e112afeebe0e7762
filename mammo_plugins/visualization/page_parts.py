"""Parts that the HTML pages share; what comes from outside is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib.resources import files

from mammo_plugins.evaluation.functional import Estimate

from .report_content import Box
from .result_table import Row, column_names

_PAGE_SCRIPTS = ('elements.js', 'theme.js')
# Each needs those before it.
_VIEWER = (
    'settings', 'planes', 'plane_cache', 'slice_stack', 'grey_scale', 'painter', 'placement', 'marks', 'finding_lists',
    'ruler', 'panel', 'slot', 'exams', 'hanging', 'gestures', 'cine', 'viewer', 'actions', 'toolbar',
)  # fmt: skip
_LOWER_IS_BETTER = ('brier', 'ece')


def asset(name: str) -> str:
    """The text of a template, style or script of the package."""
    return files(__package__).joinpath('assets', name).read_text(encoding='utf-8')


def page_script() -> str:
    """The script of ``report.html`` without cases."""
    return ''.join(map(asset, _PAGE_SCRIPTS))


def viewer_script() -> str:
    """What ``report.html`` needs besides to show cases."""
    names = ['contours.js', 'saliency_layers.js', *(f'viewer/{name}.js' for name in _VIEWER), 'report.js']
    return ''.join(map(asset, names))


def notes_list(notes: Sequence[str]) -> str:
    """Sentences as a list; empty for none."""
    items = ''.join(f'<li>{html.escape(note)}</li>' for note in notes)
    return f'<ul class="notes">{items}</ul>' if notes else ''


def box_style(box_xyxy: Box, size: tuple[int, int]) -> str:
    """Where a box lies over a picture of any size, as a CSS style.

    Args:
        box_xyxy: corners.
        size: (width, height) that they are measured in.
    """
    left, top, right, bottom = box_xyxy
    width, height = size
    place = {'left': left / width, 'top': top / height, 'width': (right - left) / width}
    place['height'] = (bottom - top) / height
    return ';'.join(f'{name}:{share:.3%}' for name, share in place.items())


def tables_section(tables: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """A section of tables, each a caption and its rows; empty for none."""
    parts = [
        f'<h3>{html.escape(caption)}</h3><div class="scroll">{results_table(rows)}</div>' for caption, rows in tables
    ]
    return f'<section id="tables"><h2>Tables</h2>{"".join(parts)}</section>' if parts else ''


def results_table(rows: Sequence[Row]) -> str:
    """A table whose first column names its rows, see :mod:`.result_table`; the best of each column stands out."""
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
