"""What a model gives of the cases of a user, as files: findings, labels, saliency maps, pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.apis.predicted_files import FINDINGS, LABELS, LOCATIONS, MAPS, PICTURES
from mammo_plugins.apis.report.label_text import UNIT_NAMES
from mammo_plugins.evaluation import ImagePredictions, LabelPredictions, gather_predictions
from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.evaluation.label_predictions import UNITS, write_labels
from mammo_plugins.evaluation.metrics.label_metric import label_file_name, labels_of_samples, read_sample_labels
from mammo_plugins.evaluation.metrics.sample_maps import (
    MapEntry,
    SampleMaps,
    forget_saliency,
    index_maps,
    index_saliency,
    write_saliency,
    write_sample_maps,
)
from mammo_plugins.evaluation.patch_files import PATCHES
from mammo_plugins.evaluation.predictions import PredictionsError
from mammo_plugins.evaluation.predictions_csv import write_predictions
from mammo_plugins.evaluation.saliency_files import INDEX, read_index
from mammo_plugins.io.coco_volume import AnnotationSet
from mammo_plugins.structures.case_sample import MammoCaseSample

_FINDINGS_GIVEN, _LABELS_GIVEN, _PATCHES_GIVEN = 'findings', 'labels of ', f'{MAPS}/{PATCHES}'


@dataclass(frozen=True)
class PredictedFiles:
    """What was written.

    Attributes:
        csv: findings; None where the model gives none.
        labels: the file of each unit (image, breast or pair) that has labels, and what is in it.
        maps: the folder of saliency maps, with further maps and the patches in it; None where the model gives none.
        pictures: the folder of pictures that the model made, in the format of maps; None where there are none.
        given: what the model gave: ``findings``, ``maps`` and ``pictures`` with their names, further maps as
            ``maps/global``, patches as ``maps/patches.csv``, and ``labels`` with the unit in front of theirs, such as
            ``Side``, see :func:`given_lines`.
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
        map_grid: ``map`` for saliency maps as the model gives them; ``image`` for one value a stored pixel, see
            :func:`~mammo_plugins.evaluation.metrics.sample_maps.write_sample_maps`.
    """

    def __init__(self, out: Path, annotations: AnnotationSet, map_grid: str = 'map') -> None:
        self._out, self._annotations, self._map_grid = out, annotations, map_grid
        self._cases: list[MammoCaseSample] = []
        self._maps: list[SampleMaps] = []
        self._pictures: list[MapEntry] = []
        remove_outputs(out)

    def add(self, case: MammoCaseSample) -> MammoCaseSample:
        """The case without its maps and pictures, which are written."""
        for view in case.views:
            if 'pred_saliency' in view:
                self._maps.append(write_saliency(self._out / MAPS, view, grid=self._map_grid))
            if 'pred_pictures' in view:
                self._pictures += write_sample_maps(self._out / PICTURES, view, field='pred_pictures')
            for field in ('pred_saliency', 'pred_further_saliency', 'pred_pictures'):
                if field in view:
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
        given: dict[str, list[str]] = {_FINDINGS_GIVEN: []} if csv else {}
        given |= {f'{_LABELS_GIVEN}{of.unit}': _names(of) for of in labels.values()}
        given |= self._index_planes()
        if not given:
            raise ValueError(
                'the model gave neither findings (pred_instances), labels (pred_labels), saliency maps (pred_saliency) '
                'nor pictures (pred_pictures): its predict must set one of them'
            )
        maps = self._out / MAPS if self._maps else None
        pictures = self._out / PICTURES if self._pictures else None
        return PredictedFiles(csv, labels, maps, pictures, given, self._count_notes())

    def _index_planes(self) -> dict[str, list[str]]:
        """Writes the tables of maps, patches and pictures, and says what there is."""
        given = {}
        if self._maps:
            further = index_saliency(self._out / MAPS, self._maps, self._annotations)
            given[MAPS] = _categories(one for of in self._maps for one in of.maps)
            for name in further:
                given[f'{MAPS}/{name}'] = _categories(one for of in self._maps for one in of.further.get(name, []))
            if any(of.patches for of in self._maps):
                given[_PATCHES_GIVEN] = []
        if self._pictures:
            index_maps(self._out / PICTURES, self._pictures, self._annotations)
            given[PICTURES] = _categories(self._pictures)
        return given

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
    for index in (*out.glob(f'{MAPS}/{INDEX}'), *out.glob(f'{MAPS}/*/{INDEX}'), *out.glob(f'{PICTURES}/{INDEX}')):
        try:
            entries = read_index(index.parent)
        except PredictionsError:
            continue  # no index of maps: it names none to remove, and goes with the tables
        for entry in entries:
            (index.parent / entry.file).unlink(missing_ok=True)
    remove_tables(out)


def remove_tables(out: Path) -> None:
    """Removes the tables alone, the indices of maps and pictures among them."""
    labels = [label_file_name(LABELS, unit, len(UNITS)) for unit in UNITS]
    for name in (FINDINGS, LOCATIONS, LABELS, *labels, f'{PICTURES}/{INDEX}'):
        (out / name).unlink(missing_ok=True)
    forget_saliency(out / MAPS)


def given_lines(given: Mapping[str, Sequence[str]]) -> list[str]:
    """Sentences that say what a model gave and where it is, from :class:`PredictedFiles`."""
    units = given_units(given)
    lines = [f'findings of each image ({FINDINGS})'] if _FINDINGS_GIVEN in given else []
    for unit in units:
        file = label_file_name(LABELS, unit, len(units))
        lines.append(f'labels of each {UNIT_NAMES[unit]}: {", ".join(given[_LABELS_GIVEN + unit])} ({file})')
    kinds = {MAPS: 'saliency maps', **dict.fromkeys(further_maps(given), 'further saliency maps'), PICTURES: 'pictures'}
    for folder, what in kinds.items():
        if folder in given:
            lines.append(f'{what} of each image: {", ".join(given[folder])} ({folder}/)')
    if _PATCHES_GIVEN in given:
        lines.append(f'the patches of each image that it looked at closely ({_PATCHES_GIVEN})')
    return lines


def further_maps(given: Mapping[str, Sequence[str]]) -> list[str]:
    """The folders of further maps, such as ``maps/global``."""
    return [name for name in given if name.startswith(f'{MAPS}/') and name != _PATCHES_GIVEN]


def _categories(planes: Iterable[MapEntry]) -> list[str]:
    return list(dict.fromkeys(one['category'] for one in planes))


def given_units(given: Mapping[str, Sequence[str]]) -> list[str]:
    """The units that labels were given of, such as ``Side``."""
    return [name.removeprefix(_LABELS_GIVEN) for name in given if name.startswith(_LABELS_GIVEN)]


def _names(labels: LabelPredictions) -> list[str]:
    """``malignant``, ``density (A, B, C, D)``."""
    return [f'{label} ({", ".join(classes)})' if classes else label for label, classes in labels.labels.items()]
