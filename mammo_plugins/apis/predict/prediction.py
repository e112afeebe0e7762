"""Finding lesions in files that a user has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from mammo_plugins.apis.found_images import FoundImages, find_images
from mammo_plugins.apis.inference import build_detector, build_test_dataset, find_malignant_label, predict_cases
from mammo_plugins.apis.report.network_cases import report_case
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.evaluation.image_names import image_keys
from mammo_plugins.evaluation.label_predictions import write_labels
from mammo_plugins.evaluation.metrics.label_metric import label_file_name, labels_of_samples, read_sample_labels
from mammo_plugins.evaluation.predictions import ImagePredictions, gather_predictions
from mammo_plugins.evaluation.predictions_csv import write_predictions
from mammo_plugins.io.coco_volume import AnnotationSet, write_annotations
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.visualization import write_report

from .left_out_table import write_left_out


@dataclass(frozen=True)
class PredictionRun:
    """Where predictions went.

    Attributes:
        csv: findings of every image, DBTex columns.
        html: report with overlays.
        left_out: file to reason, for files that are no usable breast image.
        doubts: file to what is odd about an image that was predicted.
        notes: what told patients apart.
        table: ``left_out.csv``, files that were left out and those in doubt.
        malignancy: breast (patient/study/side) to predicted malignancy.
    """

    csv: Path
    html: Path
    left_out: dict[str, str]
    doubts: dict[str, str]
    notes: list[str]
    table: Path
    malignancy: dict[str, float]


def predict(
    source: str | Path,
    *,
    config: str | Path,
    checkpoint: str | Path,
    out: str | Path,
    device: str | None = None,
    cfg_options: dict | None = None,
    trust_checkpoint: bool = False,
) -> PredictionRun:
    """Predicts a DICOM or PNG file, or every image in a folder.

    Writes into ``out``: ``predictions.csv`` (DBTex columns, stored pixels), ``labels.csv`` where the model predicts
    labels, ``report.html``, ``images.json`` (the images as an annotation file without findings) and ``left_out.csv``
    (files left out or in doubt, with the reason).

    Args:
        source: file or folder.
        config: path or name of the config that the checkpoint was trained with.
        checkpoint: weights, a path or URL.
        out: folder for the results; made if missing.
        device: such as ``cuda:1`` or ``cpu``; the first GPU by default, the CPU where there is none.
        cfg_options, trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Raises:
        FileNotFoundError, ValueError: nothing to predict; see :func:`~mammo_plugins.apis.predict.find_images`.
    """
    found = find_images(source)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_annotations(out / 'images.json', found.annotations)

    cfg = load_run_config(config, work_dir=out, cfg_options=cfg_options, trust_checkpoint=trust_checkpoint)
    detector = build_detector(cfg, checkpoint, device)
    dataset = build_test_dataset(
        cfg,
        ann_file=str(out / 'images.json'),
        data_root='',
        modality=None,
        split=None,
        cache_in_memory=False,
        on_error='skip-report',
    )
    cases = list(track(predict_cases(detector, dataset), total=len(dataset), description='predicting'))
    left_out = {**found.left_out, **dataset.unreadable}
    malignant_label = find_malignant_label(detector, dataset.classes)
    table = write_left_out(out / 'left_out.csv', left_out, found.doubts)
    predictions = gather_predictions(_image_predictions(cases, found.annotations, malignant_label))
    write_predictions(out / 'predictions.csv', predictions)
    _write_labels(cases, found.annotations, out)
    write_report(
        out / 'report.html',
        'Predicted findings',
        rows=[],
        cases=[report_case(dataset, index, case, found.annotations) for index, case in enumerate(cases)],
        notes=_notes(found, left_out),
    )
    malignancy = {case.case_id: case.pred_malignancy for case in cases}
    return PredictionRun(
        out / 'predictions.csv', out / 'report.html', left_out, found.doubts, found.notes, table, malignancy
    )


def _notes(found: FoundImages, left_out: dict[str, str]) -> list[str]:
    """Sentences of the report; files by their names, since folders may say who somebody is."""
    return [
        *found.notes,
        *(f'In doubt: {printable_path(Path(path).name)}: {reason}' for path, reason in found.doubts.items()),
        *(f'Left out: {printable_path(Path(path).name)}: {reason}' for path, reason in left_out.items()),
    ]


def _write_labels(cases: list[MammoCaseSample], annotations: AnnotationSet, out: Path) -> None:
    """``labels.csv``, where the model predicts labels."""
    samples = [case for case in cases if any('pred_labels' in part for part in (case, *case.views))]
    files = labels_of_samples([read_sample_labels(sample) for sample in samples], annotations)
    for labels in files:
        write_labels(label_file_name(out / 'labels.csv', labels.unit, len(files)), labels)


def _image_predictions(
    cases: list[MammoCaseSample], annotations: AnnotationSet, malignant_label: int
) -> Iterator[ImagePredictions]:
    names = dict(zip((image.id for image in annotations.images), image_keys(annotations.images), strict=True))
    for view in (view for case in cases for view in case.views):
        found = view.pred_instances[view.pred_instances.labels == malignant_label]
        yield ImagePredictions(
            names[view.image_id],
            found.bboxes.numpy(),
            found.slices.numpy(),
            found.scores.numpy(),
            view.pred_malignancy,
        )
