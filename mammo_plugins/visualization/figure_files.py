"""Figures for print: one look, written as PNG and as PDF."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

PRINT_STYLE = {
    'font.family': ['sans-serif'],
    'font.size': 8,
    'axes.titlesize': 9,
    'axes.linewidth': 0.6,
    'xtick.major.width': 0.6,
    'ytick.major.width': 0.6,
    'pdf.fonttype': 42,  # text stays text
}
TRUTH_COLOUR = '#22d3ee'  # both are legible on tissue, and differ for colour-blind readers
PREDICTION_COLOUR = '#fbbf24'
_DOTS_PER_INCH = 300


def save_figure(figure: Figure, stem: str | Path) -> list[Path]:
    """Writes a figure; the same figure gives the same bytes.

    Args:
        figure: the figure.
        stem: path without ending; its folder is made if missing.

    Returns:
        The PNG and the PDF.
    """
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    png, pdf = (stem.with_name(f'{stem.name}.{ending}') for ending in ('png', 'pdf'))
    with matplotlib.rc_context(PRINT_STYLE):
        figure.savefig(png, dpi=_DOTS_PER_INCH, metadata={'Software': None})
        figure.savefig(pdf, dpi=_DOTS_PER_INCH, metadata={'CreationDate': None})
    return [png, pdf]
