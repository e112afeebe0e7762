"""The page of a run over many studies: a line each, with a link to its own page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import quote

from mammo_plugins.io.whole_file import write_whole

from .page_parts import asset, notes_list, page_script

_NO_CASES = '{"cases":[]}'


@dataclass(frozen=True)
class StudyLine:
    """A study in the list.

    Attributes:
        page: its page, relative to the list; empty where there is none.
        cases: its cases, with what was predicted of them.
        score: the highest malignancy; None where there is none.
        num_images: how many were read.
        remarks: what is to be said, such as files that were left out.
    """

    page: str
    cases: str
    score: float | None
    num_images: int
    remarks: str


def write_study_list(path: str | Path, title: str, studies: Iterable[StudyLine], notes: Sequence[str] = ()) -> Path:
    """Writes the page, the most suspicious studies first; it appears only when it is complete.

    Args:
        path: where it goes.
        title: its heading.
        studies: in the order that decides between equal scores.
        notes: sentences above the list.

    Returns:
        The path.
    """
    lines = sorted(studies, key=lambda line: -1.0 if line.score is None else line.score, reverse=True)
    head = ''.join(f'<th scope="col">{name}</th>' for name in ('Study', 'Score', 'Images', 'Remarks'))
    table = f'<table class="results"><thead><tr>{head}</tr></thead><tbody>{"".join(map(_row, lines))}</tbody></table>'
    content = Template(asset('report.html')).substitute(
        title=html.escape(title),
        style=asset('report.css'),
        script=page_script(),
        data=_NO_CASES,
        results=f'<section id="results">{notes_list(notes)}</section>',
        curves='',
        cases=f'<section id="cases"><h2>{len(lines)} studies</h2><div class="scroll">{table}</div></section>',
    )
    write_whole(path, content)
    return Path(path)


def _row(line: StudyLine) -> str:
    name = html.escape(line.cases or 'no image')
    link = f'<a href="{quote(line.page)}">{name}</a>' if line.page else name
    score = '' if line.score is None else f'{line.score:.3f}'
    cells = ''.join(f'<td>{text}</td>' for text in (score, line.num_images, html.escape(line.remarks)))
    return f'<tr><th scope="row">{link}</th>{cells}</tr>'
