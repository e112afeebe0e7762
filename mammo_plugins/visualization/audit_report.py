"""The page of an audit: one HTML file that needs nothing but a browser, in the dress of the report."""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from mammo_plugins.io.whole_file import write_whole

from .audit_content import SEVERITIES, AuditPage, PageBox, PageCheck, PageFinding, PagePicture, PageTable
from .page_parts import asset, box_style, page_script
from .report_frames import encode_stacks
from .result_table import column_names

_MAX_BYTES = 10_000_000
_MAX_STAGE_HEIGHT_PX = 300
_MAX_ROWS = 100  # of a check; more than a reader goes through by hand
_NO_CASES = '{"cases":[]}'


def write_audit_report(path: str | Path, page: AuditPage, max_bytes: int = _MAX_BYTES) -> Path:
    """Writes the page; the file appears only when it is complete.

    Args:
        path: where it goes.
        page: what it shows; checks list their first 100 findings.
        max_bytes: largest size of the pictures together; they are reduced until they fit.

    Returns:
        The path.

    Raises:
        ValueError: there are more pictures than fit.
    """
    path = Path(path)
    urls = [stack[0] for stack in encode_stacks([picture.pixels[None] for picture in page.pictures], max_bytes)]
    content = Template(asset('report.html')).substitute(
        title=html.escape(page.title),
        style=asset('report.css') + asset('audit.css'),
        script=page_script(),
        data=_NO_CASES,
        results=_summary_section(page) + _findings_section(page.checks),
        curves=_pictures_section(page.pictures, urls),
        cases=_tables_section(page.tables) + _limits_section(page.limits),
    )
    write_whole(path, content)
    return path


def _summary_section(page: AuditPage) -> str:
    counts = Counter(finding.severity for check in page.checks for finding in check.findings)
    tiles = ''.join(
        f'<li class="tile {severity if counts[severity] else "none"}"><strong>{counts[severity]:,}</strong> '
        f'{_plural(severity, counts[severity])}</li>'
        for severity in SEVERITIES
    )
    facts = ''.join(f'<li>{html.escape(fact)}</li>' for fact in page.facts)
    rows = ''.join(_check_row(number, check) for number, check in _in_order(page.checks) if check.findings)
    table = (
        '<div class="scroll"><table class="results checks"><thead><tr><th scope="col">Check</th>'
        '<th scope="col">Found</th><th scope="col">What it means, what to do</th></tr></thead>'
        f'<tbody>{rows}</tbody></table></div>'
    )
    return (
        f'<section id="summary"><h2>Summary</h2><ul class="tiles">{tiles}</ul><ul class="notes">{facts}</ul>'
        f'{table if rows else ""}{_quiet_checks(page.checks)}</section>'
    )


def _quiet_checks(checks: Sequence[PageCheck]) -> str:
    """Checks without findings by what became of them, such as ``nothing found``."""
    titles: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        if not check.findings:
            titles[check.status].append(f'<li>{html.escape(check.title)}</li>')
    return ''.join(
        f'<h3>{html.escape(status.capitalize())}</h3><ul class="quiet">{"".join(items)}</ul>'
        for status, items in titles.items()
    )


def _in_order(checks: Sequence[PageCheck]) -> list[tuple[int, PageCheck]]:
    """Checks with their numbers; the worst first, those without findings last."""
    place = {severity: rank for rank, severity in enumerate((*SEVERITIES, ''))}
    return sorted(enumerate(checks), key=lambda numbered: place[numbered[1].severity])


def _check_row(number: int, check: PageCheck) -> str:
    return (
        f'<tr><th scope="row"><a href="#check-{number}">{html.escape(check.title)}</a></th><td>{_counts(check)}</td>'
        f'<td>{html.escape(check.advice)}</td></tr>'
    )


def _counts(check: PageCheck) -> str:
    """Counts such as ``2 errors 1 note``."""
    counts = Counter(finding.severity for finding in check.findings)
    return ' '.join(
        f'<span class="severity {severity}">{counts[severity]:,} {_plural(severity, counts[severity])}</span>'
        for severity in SEVERITIES
        if counts[severity]
    )


def _findings_section(checks: Sequence[PageCheck]) -> str:
    listed = ''.join(_check_details(number, check) for number, check in _in_order(checks) if check.findings)
    return f'<section id="findings"><h2>What was found</h2>{listed}</section>' if listed else ''


def _check_details(number: int, check: PageCheck) -> str:
    shown = check.findings[:_MAX_ROWS]
    rows = ''.join(_finding_row(finding) for finding in shown)
    rest = len(check.findings) - len(shown)
    more = f'<p class="more">and {rest:,} more, all of which are in the JSON file (--json)</p>' if rest else ''
    is_open = '' if check.severity == 'note' else ' open'
    return (
        f'<details id="check-{number}"{is_open}><summary>{html.escape(check.title)} {_counts(check)}</summary>'
        f'<div class="scroll"><table class="results found"><tbody>{rows}</tbody></table></div>{more}</details>'
    )


def _finding_row(finding: PageFinding) -> str:
    return (
        f'<tr><td><span class="severity {finding.severity}">{finding.severity}</span></td>'
        f'<td>{html.escape(finding.where)}</td><td>{html.escape(finding.reason)}</td></tr>'
    )


def _tables_section(tables: Sequence[PageTable]) -> str:
    filled = ''.join(_table(table) for table in tables if table.rows)
    return f'<section id="tables"><h2>What the data is made of</h2>{filled}</section>' if filled else ''


def _table(table: PageTable) -> str:
    caption = f'<p class="notes">{html.escape(table.caption)}</p>' if table.caption else ''
    return f'<h3>{html.escape(table.title)}</h3><div class="scroll">{_rows(table.rows)}</div>{caption}'


def _rows(rows: Sequence[Mapping[str, str]]) -> str:
    names = column_names(rows)
    head = ''.join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    cells = (''.join(_cell(row.get(name, ''), not i) for i, name in enumerate(names)) for row in rows)
    body = ''.join(f'<tr>{line}</tr>' for line in cells)
    return f'<table class="results made"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(text: str, is_first: bool) -> str:
    tag, scope = ('th', ' scope="row"') if is_first else ('td', '')
    is_number = text[:1].isdigit() and len(text) < 14
    css = ' class="number"' if is_number and not is_first else ''
    return f'<{tag}{scope}{css}>{html.escape(text)}</{tag}>'


def _pictures_section(pictures: Sequence[PagePicture], urls: Sequence[str]) -> str:
    if not pictures:
        return ''
    figures = ''.join(_figure(picture, url) for picture, url in zip(pictures, urls, strict=True))
    return (
        '<section id="cases"><h2>Contact sheet</h2><p class="notes">As stored, in the orientation of the file; images '
        'with findings first. <span class="key malignant"></span>malignant <span class="key benign"></span>benign '
        '<span class="key flagged"></span>found odd by a check; dashed: annotated in another slice.</p>'
        f'<div class="sheet">{figures}</div></section>'
    )


def _figure(picture: PagePicture, url: str) -> str:
    width, height = picture.size
    boxes = ''.join(_box(box, width, height) for box in picture.boxes)
    found = ''.join(
        f'<li><span class="severity {finding.severity}">{finding.severity}</span> {html.escape(finding.reason)}</li>'
        for finding in picture.findings
    )
    return (
        f'<figure class="thumbnail"><div class="stage" style="aspect-ratio:{width}/{height};'
        f'width:min(100%,{_MAX_STAGE_HEIGHT_PX * width / height:.0f}px)">'
        f'<img alt="{html.escape(picture.title, quote=True)}" src="{url}">{boxes}</div>'
        f'<figcaption><strong>{html.escape(picture.title)}</strong><span>{html.escape(picture.caption)}</span>'
        f'<ul>{found}</ul></figcaption></figure>'
    )


def _box(box: PageBox, width: int, height: int) -> str:
    style = box_style(box.box_xyxy, (width, height))
    names = ['box', box.kind, *(['away'] if not box.in_slice else []), *(['flagged'] if box.flagged else [])]
    return f'<div class="{" ".join(names)}" style="{style}" title="{html.escape(box.text, quote=True)}"></div>'


def _limits_section(limits: Sequence[Mapping[str, str]]) -> str:
    if not limits:
        return ''
    return f'<section id="limits"><h2>Thresholds</h2><div class="scroll">{_rows(limits)}</div></section>'


def _plural(severity: str, count: int) -> str:
    return severity if count == 1 else f'{severity}s'
