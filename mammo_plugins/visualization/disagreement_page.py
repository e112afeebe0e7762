"""The page of disagreements: counts, and pictures of each bucket, in one HTML file that needs nothing but a browser."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import numpy as np

from mammo_plugins.io.whole_file import write_whole

from .page_parts import asset, box_style, notes_list, page_script, tables_section
from .report_content import Box
from .report_frames import encode_stacks
from .result_table import Row

_MAX_BYTES = 10_000_000
_NO_CASES = '{"cases":[]}'
KINDS = {
    'truth': 'annotated, to be found',
    'hit': 'predicted, a hit',
    'false': 'predicted, a false positive',
    'below': 'best hit, below the threshold',
}


@dataclass(frozen=True)
class PlacedBox:
    """A box over a picture.

    Args:
        box_xyxy: corners in pixels of the picture.
        kind: one of :data:`KINDS`.
        text: what stands beside it, such as its score.
    """

    box_xyxy: Box
    kind: str
    text: str = ''


@dataclass(frozen=True)
class ModelPanel:
    """A place as a model sees it.

    Args:
        model: name of the model.
        pixels: (H, W) uint8 picture, hung as :mod:`.hanging` says.
        boxes: over it.
        caption: which image it is of, and what the model says.
        found: whether the model has what its bucket is about; None where there is nothing to say.
    """

    model: str
    pixels: np.ndarray
    boxes: Sequence[PlacedBox] = ()
    caption: str = ''
    found: bool | None = None


@dataclass(frozen=True)
class Example:
    """A lesion, or a view, of a bucket.

    Args:
        name: what it is called; ids only.
        panels: one a model.
        caption: more about it.
    """

    name: str
    panels: Sequence[ModelPanel]
    caption: str = ''


@dataclass(frozen=True)
class Bucket:
    """Lesions that the same models found, or views in which the same models have false positives.

    Args:
        title: its name.
        count: how many there are, in words.
        examples: some of them.
    """

    title: str
    count: str
    examples: Sequence[Example] = field(default_factory=list)


def write_disagreement_page(
    path: str | Path,
    title: str,
    notes: Sequence[str],
    tables: Sequence[tuple[str, Sequence[Row]]],
    buckets: Sequence[Bucket],
    max_bytes: int = _MAX_BYTES,
) -> Path:
    """Writes the page; the file appears only when it is complete.

    Args:
        path: where it goes.
        title: its heading.
        notes: sentences at its top: what was compared, and how.
        tables: counts, each a caption and its rows.
        buckets: in this order; those without examples are in the tables alone.
        max_bytes: largest size of the pictures together; they are reduced until they fit.

    Returns:
        The path.

    Raises:
        ValueError: there are more pictures than fit.
    """
    path = Path(path)
    panels = [panel for bucket in buckets for example in bucket.examples for panel in example.panels]
    urls = iter([stack[0] for stack in encode_stacks([panel.pixels[None] for panel in panels], max_bytes)])
    shown = [bucket_section(f'bucket-{number}', bucket, urls) for number, bucket in enumerate(buckets)]
    content = Template(asset('report.html')).substitute(
        title=html.escape(title),
        style=asset('report.css') + asset('disagreements.css'),
        script=page_script(),
        data=_NO_CASES,
        results=f'<section id="summary"><h2>What was compared</h2>{notes_list(notes)}</section>',
        curves=tables_section(tables),
        cases=_contents(buckets) + ''.join(shown),
    )
    write_whole(path, content)
    return path


def _contents(buckets: Sequence[Bucket]) -> str:
    """Links to the buckets, and what the boxes mean."""
    filled = [(number, bucket) for number, bucket in enumerate(buckets) if bucket.examples]
    if not filled:
        return ''
    links = ''.join(
        f'<li><a href="#bucket-{number}">{html.escape(bucket.title)}</a> '
        f'<small>{html.escape(bucket.count)}</small></li>'
        for number, bucket in filled
    )
    return f'<section id="cases"><h2>Buckets</h2><ul class="buckets">{links}</ul>{box_keys()}</section>'


def box_keys() -> str:
    """What the boxes over pictures mean, and how the pictures hang."""
    keys = ''.join(f'<li><span class="key {kind}"></span>{text}</li>' for kind, text in KINDS.items())
    return (
        f'<ul class="keys">{keys}</ul><p class="hint">Breasts are shown as radiologists hang them: the chest wall of a '
        'right breast at the right.</p>'
    )


def bucket_section(anchor: str, bucket: Bucket, urls: Iterator[str]) -> str:
    """A bucket with its pictures; empty for one without.

    Args:
        anchor: what links call it.
        bucket: the bucket.
        urls: data URLs of the pictures, in order.
    """
    if not bucket.examples:
        return ''
    examples = ''.join(_example(example, urls) for example in bucket.examples)
    return (
        f'<section class="bucket" id="{anchor}"><h2>{html.escape(_sentence(bucket.title))} '
        f'<small>{html.escape(bucket.count)}</small></h2>{examples}</section>'
    )


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]


def _example(example: Example, urls: Iterator[str]) -> str:
    panels = ''.join(_panel(panel, next(urls)) for panel in example.panels)
    caption = f' <span>{html.escape(example.caption)}</span>' if example.caption else ''
    heading = f'<h3>{html.escape(example.name)}{caption}</h3>'
    return f'<article class="example">{heading}<div class="panels">{panels}</div></article>'


def _panel(panel: ModelPanel, url: str) -> str:
    height, width = panel.pixels.shape
    boxes = ''.join(
        f'<div class="box {box.kind}" style="{box_style(box.box_xyxy, (width, height))}">'
        f'{f"<span>{html.escape(box.text)}</span>" if box.text else ""}</div>'
        for box in panel.boxes
    )
    state = '' if panel.found is None else ' found' if panel.found else ' missed'
    return (
        f'<figure class="panel{state}"><div class="stage" style="aspect-ratio:{width}/{height}">'
        f'<img alt="{html.escape(panel.model, quote=True)}" src="{url}">{boxes}</div>'
        f'<figcaption><strong>{html.escape(panel.model)}</strong> {html.escape(panel.caption)}</figcaption></figure>'
    )
