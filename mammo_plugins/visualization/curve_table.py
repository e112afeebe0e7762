"""Curves as a CSV table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from mammo_plugins.evaluation import DetectionResult
from mammo_plugins.evaluation.functional import CurveBand, ThresholdCounts

COLUMNS = ('protocol', 'curve', 'threshold', 'x', 'y', 'low', 'high')


def curves_csv(results: Mapping[str, DetectionResult]) -> str:
    """A line for each point at which a curve turns, and for each point of its band.

    ``froc``: x false positives per volume, y recall. ``roc``: x false-positive rate, y sensitivity of breasts. ``pr``:
    x recall, y precision of breasts, at every threshold. ``froc-band`` and ``roc-band``: the interval of y at x. Curves
    of breasts do not depend on the protocol and come once, with an empty protocol. What does not exist is left empty.

    Args:
        results: protocol to result.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(COLUMNS)
    for protocol, result in results.items():
        curve = result.curve.vertices()
        writer.writerows(_points(protocol, 'froc', curve.thresholds, curve.fp_per_volume, curve.recall))
        writer.writerows(_band(protocol, 'froc-band', result.curve_band))
    first = next(iter(results.values()))
    writer.writerows(_breast_rows(first.breast_counts))
    writer.writerows(_band('', 'roc-band', first.roc_band))
    return text.getvalue()


def _breast_rows(counts: ThresholdCounts) -> Iterator[list[str]]:
    corners = counts.vertices()
    yield from _points('', 'roc', corners.thresholds, corners.false_positive_rate, corners.sensitivity)
    yield from _points('', 'pr', counts.thresholds[1:], counts.sensitivity[1:], counts.precision[1:])


def _points(protocol: str, name: str, *columns: Iterable[float]) -> Iterator[list[str]]:
    for threshold, x, y in zip(*columns):
        yield [protocol, name, _text(threshold), _text(x), _text(y), '', '']


def _band(protocol: str, name: str, band: CurveBand | None) -> Iterator[list[str]]:
    for x, low, high in zip(band.x, band.low, band.high) if band is not None else ():
        yield [protocol, name, '', _text(x), '', _text(low), _text(high)]


def _text(value: float) -> str:
    return repr(float(value)) if np.isfinite(value) else ''
