"""What a model gives of the cases of a user, as files: findings, labels, saliency maps, pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.apis.report.label_text import UNIT_NAMES
from mammo_plugins.evaluation import ImagePredictions, LabelPredictions, gather_predictions
from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.evaluation.label_predictions import UNITS, write_labels
from mammo_plugins.evaluation.metrics.label_metric import label_file_name, labels_of_samples, read_sample_labels
from mammo_plugins.evaluation.metrics.saliency_metric import index_maps, write_sample_maps
from mammo_plugins.evaluation.predictions_csv import write_predictions
from mammo_plugins.evaluation.saliency_files import INDEX, read_index
from mammo_plugins.io.coco_volume import AnnotationSet
from mammo_plugins.structures.case_sample import MammoCaseSample

FINDINGS, LABELS, MAPS, PICTURES = 'predictions.csv', 'labels.csv', 'maps', 'pictures'
_FINDINGS_GIVEN, _LABELS_GIVEN = 'findings', 'labels of '


@dataclass(frozen=True)
class PredictedFiles:
    """What was written.

    Attributes:
        csv: findings; None where the model gives none.
        labels: the file of each unit (image, breast or pair) that has labels, and what is in it.
        maps: the folder of saliency maps; None where the model gives none.
        pictures: the folder of pictures that the model made, in the format of maps; None where there are none.
        given: what the model gave: ``findings``, ``maps`` and ``pictures`` with their names, and ``labels`` with the
            unit in front of theirs, such as ``Side``, see :func:`given_lines`.
        note_counts: how predictions came about, where the model tells, to the number of images.
    """

    csv: Path | None
    labels: Mapping[Path, LabelPredictions]
    maps: Path | None
    pictures: Path | None
    given: dict[str, list[str]]
    note_counts: dict[str, int]


class PredictionWriter:
    """Takes predicted cases one by one; maps go to disk at once, and none stays in memory.

    Args:
        out: folder for the files. What an earlier run left there under their names is removed.
        annotations: the images.
    """

    def __init__(self, out: Path, annotations: AnnotationSet) -> None:
        self._out, self._annotations = out, annotations
        self._cases: list[MammoCaseSample] = []
        self._planes: dict[str, list[Mapping[str, Any]]] = {MAPS: [], PICTURES: []}
        remove_outputs(out)

    def add(self, case: MammoCaseSample) -> MammoCaseSample:
        """The case without its maps and pictures, which are written."""
        for folder, field in ((MAPS, 'pred_saliency'), (PICTURES, 'pred_pictures')):
            for view in (view for view in case.views if field in view):
                self._planes[folder] += write_sample_maps(self._out / folder, view, field=field)
                view.pop(field)
        self._cases.append(case)
        return case

    def finish(self, find_malignant_label: Callable[[], int]) -> PredictedFiles:
        """Writes the tables.

        Args:
            find_malignant_label: tells the label of the findings to write; called only where there are findings.

        Raises:
            ValueError: the model gave nothing, or findings of some images only.
        """
        csv = self._write_findings(find_malignant_label)
        labels = self._write_labels()
        for folder, planes in self._planes.items():
            if planes:
                index_maps(self._out / folder, planes, self._annotations)
        given: dict[str, list[str]] = {_FINDINGS_GIVEN: []} if csv else {}
        given |= {f'{_LABELS_GIVEN}{of.unit}': _names(of) for of in labels.values()}
        for folder, planes in self._planes.items():
            if planes:
                given[folder] = list(dict.fromkeys(one['category'] for one in planes))
        if not given:
            raise ValueError(
                'the model gave neither findings (pred_instances), labels (pred_labels), saliency maps (pred_saliency) '
                'nor pictures (pred_pictures): its predict must set one of them'
            )
        maps, pictures = (self._out / folder if planes else None for folder, planes in self._planes.items())
        return PredictedFiles(csv, labels, maps, pictures, given, self._count_notes())

    def _count_notes(self) -> dict[str, int]:
        """In how many images was predicted in which way."""
        return dict(Counter(filter(None, (view.get('pred_note') for case in self._cases for view in case.views))))

    def _write_findings(self, find_malignant_label: Callable[[], int]) -> Path | None:
        views = [view for case in self._cases for view in case.views]
        with_findings = [view for view in views if 'pred_instances' in view]
        if not with_findings:
            return None
        if len(with_findings) < len(views):
            image = next(view.image_id for view in views if 'pred_instances' not in view)
            key = keys_by_id(self._annotations.images)[image]
            raise ValueError(f'the model gave findings of some images and none of {key}: set pred_instances of each')
        label = find_malignant_label()
        write_predictions(self._out / FINDINGS, gather_predictions(self._image_findings(label)))
        return self._out / FINDINGS

    def _image_findings(self, label: int) -> Iterator[ImagePredictions]:
        names = keys_by_id(self._annotations.images)
        for view in (view for case in self._cases for view in case.views):
            found = view.pred_instances[view.pred_instances.labels == label]
            yield ImagePredictions(
                names[view.image_id],
                found.bboxes.numpy(),
                found.slices.numpy(),
                found.scores.numpy(),
                view.get('pred_malignancy'),
                view.get('pred_note', ''),
                found.lesions.numpy() if 'lesions' in found else None,
            )

    def _write_labels(self) -> dict[Path, LabelPredictions]:
        samples = [case for case in self._cases if any('pred_labels' in part for part in (case, *case.views))]
        tables = labels_of_samples([read_sample_labels(sample) for sample in samples], self._annotations)
        written = {label_file_name(self._out / LABELS, labels.unit, len(tables)): labels for labels in tables}
        for path, labels in written.items():
            write_labels(path, labels)
        return written


def remove_outputs(out: Path) -> None:
    """Removes the tables that an earlier run left, its maps and pictures."""
    for folder in (MAPS, PICTURES):
        if (out / folder / INDEX).is_file():
            for entry in read_index(out / folder):
                (out / folder / entry.file).unlink(missing_ok=True)
    remove_tables(out)


def remove_tables(out: Path) -> None:
    """Removes the tables alone, the indices of maps and pictures among them."""
    labels = [label_file_name(LABELS, unit, len(UNITS)) for unit in UNITS]
    for name in (FINDINGS, LABELS, *labels, f'{MAPS}/{INDEX}', f'{PICTURES}/{INDEX}'):
        (out / name).unlink(missing_ok=True)


def given_lines(given: Mapping[str, Sequence[str]]) -> list[str]:
    """Sentences that say what a model gave and where it is, from :class:`PredictedFiles`."""
    units = given_units(given)
    lines = [f'findings of each image ({FINDINGS})'] if _FINDINGS_GIVEN in given else []
    for unit in units:
        file = label_file_name(LABELS, unit, len(units))
        lines.append(f'labels of each {UNIT_NAMES[unit]}: {", ".join(given[_LABELS_GIVEN + unit])} ({file})')
    for what, folder in (('saliency maps', MAPS), ('pictures', PICTURES)):
        if folder in given:
            lines.append(f'{what} of each image: {", ".join(given[folder])} ({folder}/)')
    return lines


def given_units(given: Mapping[str, Sequence[str]]) -> list[str]:
    """The units that labels were given of, such as ``Side``."""
    return [name.removeprefix(_LABELS_GIVEN) for name in given if name.startswith(_LABELS_GIVEN)]


def _names(labels: LabelPredictions) -> list[str]:
    """``malignant``, ``density (A, B, C, D)``."""
    return [f'{label} ({", ".join(classes)})' if classes else label for label, classes in labels.labels.items()]
