"""From the predictions of a row to its numbers: one reader for each kind of predictions.

Replicate r of two rows comes from the same patients, so that their difference is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.apis.normals import sample_normals
from mammo_plugins.evaluation import choose_protocols, read_labels, read_predictions
from mammo_plugins.evaluation.label_predictions import UNITS
from mammo_plugins.evaluation.number_samples import NumberSample
from mammo_plugins.evaluation.pair_decisions import read_pair_decisions, sample_pair_run
from mammo_plugins.evaluation.repeated_runs import sample_label_run, sample_run, sample_saliency_run
from mammo_plugins.io import AnnotationSet

from .readings import Reading

ReadNumbers = Callable[[Path, AnnotationSet, Reading, int, int], Mapping[str, NumberSample]]
"""Predictions, evaluated images, reading, bootstrap replicates and seed of their draws to number to sample.

The draws are of all patients of the evaluated images, in order of first appearance.
"""


@dataclass(frozen=True)
class NumberReader:
    """How numbers are read from a kind of predictions.

    Attributes:
        read: reads them.
        metric: type of the metric that writes the predictions while a model is tested.
        argument: its argument for where they go.
        suffix: what their file or folder is called, after the row.
    """

    read: ReadNumbers
    metric: str
    argument: str
    suffix: str

    def path(self, folder: Path, stem: str) -> Path:
        """Where the predictions of a test are."""
        return folder / f'{stem}{self.suffix}'


NUMBER_READERS: dict[str, NumberReader] = {}


def register_reader(kind: str, metric: str, argument: str, suffix: str) -> Callable[[ReadNumbers], ReadNumbers]:
    """Makes a reader known to the readings of studies under a name; arguments as in :class:`NumberReader`.

    Raises:
        ValueError: the name is taken.
    """

    def register(read: ReadNumbers) -> ReadNumbers:
        if kind in NUMBER_READERS:
            raise ValueError(f'there is a reader of {kind!r} already: give another name')
        NUMBER_READERS[kind] = NumberReader(read, metric, argument, suffix)
        return read

    return register


@register_reader('detections', 'VolumeDetectionMetric', 'outfile', '.csv')
def read_detection_numbers(
    predictions: Path, annotations: AnnotationSet, reading: Reading, bootstrap: int, seed: int
) -> Mapping[str, NumberSample]:
    """The numbers of a protocol of detection, and ``breast_auc``, from a CSV in DBTex columns."""
    (protocol,) = choose_protocols(
        [reading.target], reading.hit_pixels_of, reading.hit_radius_px, list(reading.targets) or None
    )
    return sample_run(
        read_predictions(predictions),
        annotations,
        protocol,
        bootstrap,
        seed,
        lenient=reading.images.is_part,
        findings=reading.findings,
    )


@register_reader('labels', 'LabelMetric', 'outfile', '-labels.csv')
def read_label_numbers(
    predictions: Path, annotations: AnnotationSet, reading: Reading, bootstrap: int, seed: int
) -> Mapping[str, NumberSample]:
    """The numbers of a label, from a CSV of labels.

    The target is its name, with the unit in front where the model predicts it for several: ``side/malignant``.
    """
    unit, _, label = reading.target.rpartition('/')
    path = _file_of_unit(predictions, unit)
    return sample_label_run(
        read_labels(path),
        annotations,
        label,
        bootstrap,
        seed,
        lenient=reading.images.is_part,
        threshold=reading.threshold,
    )


@register_reader('saliency', 'SaliencyMetric', 'outdir', '-maps')
def read_saliency_numbers(
    predictions: Path, annotations: AnnotationSet, reading: Reading, bootstrap: int, seed: int
) -> Mapping[str, NumberSample]:
    """The numbers of the maps of a class, from a folder of maps."""
    return sample_saliency_run(
        predictions,
        annotations,
        reading.target,
        bootstrap,
        seed,
        lenient=reading.images.is_part,
        threshold=reading.threshold,
        grid=reading.grid or 'map',
    )


@register_reader('pairs', 'LesionPairMetric', 'outfile', '-pairs.csv')
def read_pair_numbers(
    predictions: Path, annotations: AnnotationSet, reading: Reading, bootstrap: int, seed: int
) -> Mapping[str, NumberSample]:
    """The numbers of decisions about pairs of findings, from their CSV."""
    return sample_pair_run(
        read_pair_decisions(predictions), annotations, bootstrap, seed, lenient=reading.images.is_part
    )


@register_reader('normals', 'PictureWriter', 'outdir', '-pictures')
def read_normal_numbers(
    predictions: Path, annotations: AnnotationSet, reading: Reading, bootstrap: int, seed: int
) -> Mapping[str, NumberSample]:
    """The numbers of normal images against the true ones of phantoms; the target is ``model``, or what is beside it."""
    return sample_normals(predictions, annotations, reading.target, bootstrap, seed)


def _file_of_unit(path: Path, unit: str) -> Path:
    """A model that predicts labels of several units has left a file for each."""
    names = {name.lower(): path.with_name(f'{path.stem}_{name.lower()}{path.suffix}') for name in UNITS}
    if path.is_file():
        return path
    found = [name for name, file in names.items() if file.is_file()]
    if unit in found:
        return names[unit]
    choice = ' or '.join(f'{name}/LABEL' for name in found)
    raise ValueError(f'{path} is not there: ' + (f'read {choice} in place of LABEL' if found else 'test the row first'))
