"""The page of an evidence pack: numbered sections in one HTML file, in the dress of the report."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from mammo_plugins.io.whole_file import write_whole

from .disagreement_page import Bucket, box_keys, bucket_section
from .page_parts import asset, notes_list, page_script
from .report_frames import encode_stacks

_MAX_BYTES = 10_000_000
_WIDE = ('FROC', 'Flow')  # figures that are as wide as the page
_NO_CASES = '{"cases":[]}'


@dataclass(frozen=True)
class Links:
    """A cell of links to sections.

    Args:
        anchors: of the sections.
    """

    anchors: Sequence[str]


@dataclass(frozen=True)
class Mark:
    """A word that stands out.

    Args:
        text: the word.
        kind: ``good``, ``middle`` or ``bad``.
    """

    text: str
    kind: str


Cell = str | Links | Mark
Table = tuple[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True)
class PageSection:
    """A section.

    Args:
        anchor: what links call it.
        title: its heading.
        notes: sentences at its top.
        tables: each a caption and its rows.
        figures: each an ``<svg>`` element and its caption; FROC curves and flows are as wide as the page.
        buckets: pictures.
        verdict: a word in front of the notes.
    """

    anchor: str
    title: str
    notes: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[tuple[str, str]] = ()
    buckets: Sequence[Bucket] = field(default_factory=list)
    verdict: Mark | None = None


def write_evidence_page(
    path: str | Path, title: str, notes: Sequence[str], sections: Sequence[PageSection], max_bytes: int = _MAX_BYTES
) -> Path:
    """Writes the page; the file appears only when it is complete.

    Args:
        path: where it goes.
        title: its heading.
        notes: sentences at its top.
        sections: in this order, numbered.
        max_bytes: largest size of the pictures together; they are reduced until they fit.

    Returns:
        The path.

    Raises:
        ValueError: there are more pictures than fit.
    """
    path = Path(path)
    buckets = [bucket for section in sections for bucket in section.buckets]
    panels = [panel for bucket in buckets for example in bucket.examples for panel in example.panels]
    urls = iter([stack[0] for stack in encode_stacks([panel.pixels[None] for panel in panels], max_bytes)])
    titles = {section.anchor: f'{number} {section.title}' for number, section in enumerate(sections, start=1)}
    body = ''.join(_section(section, titles, urls) for section in sections)
    content = Template(asset('report.html')).substitute(
        title=html.escape(title),
        style=asset('report.css') + asset('disagreements.css') + asset('evidence.css'),
        script=page_script(),
        data=_NO_CASES,
        results=f'<section id="summary"><h2>Contents</h2>{notes_list(notes)}{_contents(titles)}</section>',
        curves='',
        cases=f'<div id="cases">{body}</div>',
    )
    write_whole(path, content)
    return path


def _contents(titles: Mapping[str, str]) -> str:
    links = ''.join(f'<li><a href="#{anchor}">{html.escape(title)}</a></li>' for anchor, title in titles.items())
    return f'<ul class="contents">{links}</ul>'


def _section(section: PageSection, titles: Mapping[str, str], urls: Iterator[str]) -> str:
    verdict = '' if section.verdict is None else f'<p class="verdict">{_mark(section.verdict)}</p>'
    tables = ''.join(
        f'<div class="listing">{f"<h3>{html.escape(caption)}</h3>" if caption else ""}'
        f'<div class="scroll">{_table(rows, titles)}</div></div>'
        for caption, rows in section.tables
        if rows
    )
    figures = ''.join(
        f'<figure class="plot{"" if caption.startswith(_WIDE) else " square"}">{svg}'
        f'<figcaption>{html.escape(caption)}</figcaption></figure>'
        for svg, caption in section.figures
    )
    drawn = ''.join(bucket_section(f'{section.anchor}-{n}', bucket, urls) for n, bucket in enumerate(section.buckets))
    keys = box_keys() if any(bucket.examples for bucket in section.buckets) else ''
    return (
        f'<section id="{section.anchor}" class="evidence"><h2>{html.escape(titles[section.anchor])}</h2>{verdict}'
        f'{notes_list(section.notes)}{figures}<div class="listings">{tables}</div>{keys}{drawn}</section>'
    )


def _table(rows: Sequence[Mapping[str, Cell]], titles: Mapping[str, str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = ''.join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    body = ''.join(
        '<tr>' + ''.join(_cell(row.get(name, ''), titles, not place) for place, name in enumerate(names)) + '</tr>'
        for row in rows
    )
    return f'<table class="results listed"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(value: Cell, titles: Mapping[str, str], is_name: bool) -> str:
    if isinstance(value, Links):
        text = ', '.join(
            f'<a href="#{anchor}">{html.escape(titles[anchor].partition(" ")[2])}</a>' for anchor in value.anchors
        )
    else:
        text = _mark(value) if isinstance(value, Mark) else html.escape(value)
    return f'<th scope="row">{text}</th>' if is_name else f'<td>{text}</td>'


def _mark(mark: Mark) -> str:
    return f'<span class="mark {mark.kind}">{html.escape(mark.text)}</span>'
