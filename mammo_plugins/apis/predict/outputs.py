"""What a model gives of the cases of a user, as files: findings, labels, saliency maps, pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.apis.predicted_files import FINDINGS, LABELS, MAPS, PICTURES
from mammo_plugins.apis.report.label_text import UNIT_NAMES
from mammo_plugins.evaluation import ImagePredictions, LabelPredictions, gather_predictions
from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.evaluation.label_predictions import UNITS, write_labels
from mammo_plugins.evaluation.metrics.label_metric import label_file_name, labels_of_samples, read_sample_labels
from mammo_plugins.evaluation.metrics.saliency_metric import index_maps, write_sample_maps
from mammo_plugins.evaluation.predictions_csv import write_predictions
from mammo_plugins.evaluation.saliency_files import INDEX
from mammo_plugins.io.coco_volume import AnnotationSet
from mammo_plugins.structures.case_sample import MammoCaseSample


@dataclass(frozen=True)
class PredictedFiles:
    """What was written.

    Attributes:
        csv: findings; None where the model gives none.
        labels: the file of each unit (image, breast or pair) that has labels, and what is in it.
        maps: the folder of saliency maps; None where the model gives none.
        pictures: the folder of pictures that the model made, in the format of maps; None where there are none.
        given: sentences that say what the model gave.
        notes: sentences that say how predictions came about, where the model tells.
    """

    csv: Path | None
    labels: Mapping[Path, LabelPredictions]
    maps: Path | None
    pictures: Path | None
    given: list[str]
    notes: list[str]


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
        stale = [
            FINDINGS,
            LABELS,
            f'{MAPS}/{INDEX}',
            f'{PICTURES}/{INDEX}',
            *(label_file_name(LABELS, unit, len(UNITS)) for unit in UNITS),
        ]
        for name in stale:
            (out / name).unlink(missing_ok=True)

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
        given = [f'findings of each image ({FINDINGS})'] if csv else []
        given += [f'labels of each {UNIT_NAMES[of.unit]}: {_names(of)} ({path.name})' for path, of in labels.items()]
        for what, (folder, planes) in zip(('saliency maps', 'pictures'), self._planes.items()):
            if planes:
                names = dict.fromkeys(one['category'] for one in planes)
                given.append(f'{what} of each image: {", ".join(names)} ({folder}/)')
        if not given:
            raise ValueError(
                'the model gave neither findings (pred_instances), labels (pred_labels), saliency maps (pred_saliency) '
                'nor pictures (pred_pictures): its predict must set one of them'
            )
        maps, pictures = (self._out / folder if planes else None for folder, planes in self._planes.items())
        return PredictedFiles(csv, labels, maps, pictures, given, self._count_notes())

    def _count_notes(self) -> list[str]:
        """How many images were predicted in which way."""
        notes = [view.get('pred_note') for case in self._cases for view in case.views]
        counts = Counter(filter(None, notes))
        return [f'{count} of {len(notes)} images are predicted from {note}.' for note, count in counts.items()]

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


def _names(labels: LabelPredictions) -> str:
    """``malignant, density (A, B, C, D)``."""
    return ', '.join(
        f'{label} ({", ".join(classes)})' if classes else label for label, classes in labels.labels.items()
    )
