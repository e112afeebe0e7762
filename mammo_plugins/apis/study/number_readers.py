"""From the predictions of a row to its numbers: one reader for each kind of predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mammo_plugins.evaluation import read_predictions
from mammo_plugins.evaluation.number_samples import NumberSample
from mammo_plugins.evaluation.repeated_runs import sample_run
from mammo_plugins.io import AnnotationSet

NumberReader = Callable[[Path, AnnotationSet, str, int, int], Mapping[str, NumberSample]]
"""Predictions, evaluated images, protocol or label, bootstrap replicates and seed to number to sample.

Replicate r of two rows must come from the same patients, so that their difference is paired.
"""

NUMBER_READERS: dict[str, NumberReader] = {}


def register_reader(kind: str) -> Callable[[NumberReader], NumberReader]:
    """Makes a reader known to the rows of studies under a name.

    Raises:
        ValueError: the name is taken.
    """

    def register(reader: NumberReader) -> NumberReader:
        if kind in NUMBER_READERS:
            raise ValueError(f'there is a reader of {kind!r} already: give another name')
        NUMBER_READERS[kind] = reader
        return reader

    return register


@register_reader('detections')
def read_detection_numbers(
    predictions: Path, annotations: AnnotationSet, protocol: str, bootstrap: int, seed: int
) -> Mapping[str, NumberSample]:
    """The numbers of a protocol of detection, and ``breast_auc``, from a CSV in DBTex columns."""
    return sample_run(read_predictions(predictions), annotations, protocol, bootstrap, seed)
