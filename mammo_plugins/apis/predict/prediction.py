"""Predicting files that a user has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from rich.progress import track
from torch import nn

from mammo_plugins.apis.dicom_results import StudyFiles, weights_digest, write_folder_results, write_model_file
from mammo_plugins.apis.finding_locations import locate_table
from mammo_plugins.apis.found_images import FoundImages, find_images
from mammo_plugins.apis.found_images.left_out_table import write_left_out
from mammo_plugins.apis.inference import build_detector, build_test_dataset, find_malignant_label, predict_cases
from mammo_plugins.apis.report.label_text import label_table, label_text
from mammo_plugins.apis.report.network_cases import report_case
from mammo_plugins.apis.report.picture_layers import PICTURE_HEIGHT, PictureLayers
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.io.coco_volume import AnnotationSet, write_annotations
from mammo_plugins.io.dicom_out.result_settings import ResultSettings
from mammo_plugins.io.dicom_out.study_results import Model
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.visualization import write_report

from .outputs import PredictedFiles, PredictionWriter


@dataclass(frozen=True)
class PredictionRun:
    """Where predictions went.

    Attributes:
        files: findings, labels and maps, whatever the model gives.
        html: report with overlays.
        left_out: file to reason, for files that are no usable breast image.
        doubts: file to what is odd about an image that was predicted.
        notes: what told patients apart, images of a modality that the config has no data of, and how predictions came
            about where the model tells.
        table: ``left_out.csv``, files that were left out and those in doubt.
        group_by: what a case is, see :func:`~mammo_plugins.datasets.grouping.group_cases`.
        malignancy: case to predicted malignancy, None where the model gives none.
        labels: case (and image, where its images have labels) to them in words; empty where the model gives none.
        dicom: objects that hold the results, where they were asked for.
    """

    files: PredictedFiles
    html: Path
    left_out: dict[str, str]
    doubts: dict[str, str]
    notes: list[str]
    table: Path
    group_by: str
    malignancy: dict[str, float | None]
    labels: dict[str, str]
    dicom: tuple[Path, ...] = ()


def predict(
    source: str | Path,
    *,
    config: str | Path,
    checkpoint: str | Path,
    out: str | Path,
    device: str | None = None,
    cfg_options: dict | None = None,
    trust_checkpoint: bool = False,
    dicom: tuple[tuple[str, ...], ResultSettings] | None = None,
) -> PredictionRun:
    """Predicts a DICOM, PNG or MetaImage file, or every image in a folder.

    Writes into ``out`` what the model gives: ``predictions.csv`` (findings, DBTex columns, stored pixels),
    ``labels.csv`` (labels of images, breasts or pairs; a file each where it gives several), ``maps`` (saliency maps
    with their way back to stored pixels), ``pictures`` (images that the model made, likewise). Beside it
    ``report.html``, ``images.json`` (the images as an annotation file without findings) and ``left_out.csv`` (files
    left out or in doubt, with the reason).

    Args:
        source: file or folder.
        config: path or name of the config that the checkpoint was trained with.
        checkpoint: weights, a path or URL.
        out: folder for the results; made if missing.
        device: such as ``cuda:1`` or ``cpu``; the first GPU by default, the CPU where there is none.
        cfg_options, trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.
        dicom: kinds of DICOM objects to write into ``out/dicom``, and how; None for none.

    Raises:
        FileNotFoundError, ValueError: nothing to predict; see :func:`~mammo_plugins.apis.predict.find_images`.
    """
    found = find_images(source)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_annotations(out / 'images.json', found.annotations)

    cfg = load_run_config(config, work_dir=out, cfg_options=cfg_options, trust_checkpoint=trust_checkpoint)
    detector = build_detector(cfg, checkpoint, device)
    write_model_file(out, Model(Path(config).stem, weights_digest(detector)))
    modality = _modalities_to_read(cfg, detector)
    others = _other_modalities(found.annotations, modality)
    notes = [*found.notes, *_note_of_modalities(cfg, found.annotations, modality)]
    dataset = build_test_dataset(
        cfg,
        ann_file=str(out / 'images.json'),
        data_root='',
        modality=modality,
        split=None,
        cache_in_memory=False,
        on_error='skip-report',
    )
    writer = PredictionWriter(out, found.annotations)
    predicted = track(predict_cases(detector, dataset), total=len(dataset), description='predicting')
    cases = [writer.add(case) for case in predicted]
    left_out = {**found.left_out, **others, **dataset.unreadable, **dataset.dropped}
    table = write_left_out(out / 'left_out.csv', left_out, found.doubts)
    files = writer.finish(lambda: find_malignant_label(detector, dataset.classes))
    locations = locate_table(files.csv, found.annotations) if files.csv else None
    written = StudyFiles() if dicom is None else write_folder_results(out, *dicom, locations)
    notes += written.notes
    overlays = PictureLayers({'': files.maps}) if files.maps else None
    pictures = PictureLayers({'': files.pictures}, PICTURE_HEIGHT) if files.pictures else None
    write_report(
        out / 'report.html',
        'Predicted findings' if files.csv else 'Predictions',
        rows=[],
        cases=[
            report_case(dataset, index, case, found.annotations, overlays, pictures) for index, case in enumerate(cases)
        ],
        notes=[*(f'The model gives {line}.' for line in files.given), *files.notes, *notes, *_files(found, left_out)],
        tables=[label_table(labels) for labels in files.labels.values()],
    )
    return PredictionRun(
        files=files,
        html=out / 'report.html',
        left_out=left_out,
        doubts=found.doubts,
        notes=[*notes, *files.notes],
        table=table,
        group_by=dataset.group_by,
        malignancy={case.case_id: case.get('pred_malignancy') for case in cases},
        labels=dict(_labels_in_words(cases)),
        dicom=tuple(written.files),
    )


def _modalities_to_read(cfg: Config, detector: nn.Module) -> list[str] | None:
    """The modalities of the test data set where images of others would be taken for them; None for all images."""
    dataset = cfg.test_dataloader.dataset
    matters = dataset.get('group_by') == 'modalities' or any(
        getattr(module, 'needs_modalities', False) for module in detector.modules()
    )
    modality = dataset.get('modality')
    if not matters or modality is None:
        return None
    return [modality] if isinstance(modality, str) else list(modality)


def _other_modalities(annotations: AnnotationSet, modality: list[str] | None) -> dict[str, str]:
    """File to reason, for images that the model does not read.

    Raises:
        ValueError: these are all.
    """
    if modality is None:
        return {}
    reads = ' and '.join(modality)
    others = [image for image in annotations.images if image.modality not in modality]
    if len(others) == len(annotations.images):
        found = ' and '.join(sorted({image.modality for image in others}))
        raise ValueError(
            f'the model reads {reads}, and what was found is {found} (a PNG counts as FFDM): give it images that it '
            'reads'
        )
    return {
        str(annotations.resolve_path(image)): f'it is {image.modality}, and the model reads {reads}' for image in others
    }


def _note_of_modalities(cfg: Config, annotations: AnnotationSet, modality: list[str] | None) -> list[str]:
    """A sentence where images are read of a modality that the config has no data of, such as SM by a model of FFDM."""
    known = cfg.test_dataloader.dataset.get('modality')
    known = [known] if isinstance(known, str) else list(known or ())
    foreign = Counter(image.modality for image in annotations.images if image.modality not in known)
    if modality is not None or not known or not foreign:
        return []
    counts = ' and '.join(f'{count} of {name}' for name, count in sorted(foreign.items()))
    return [f'The data of the config are {" and ".join(known)}; images of another kind are read too: {counts}.']


def _labels_in_words(cases: list[MammoCaseSample]) -> Iterator[tuple[str, str]]:
    for case in cases:
        if 'pred_labels' in case:
            yield case.case_id, label_text(case.pred_labels)
        for view in case.views:
            if 'pred_labels' in view:
                yield f'{case.case_id} {view.view_name}', label_text(view.pred_labels)


def _files(found: FoundImages, left_out: dict[str, str]) -> list[str]:
    """Sentences of the report about files, by their names, since folders may say who somebody is."""
    return [
        *(f'In doubt: {printable_path(Path(path).name)}: {reason}' for path, reason in found.doubts.items()),
        *(f'Left out: {printable_path(Path(path).name)}: {reason}' for path, reason in left_out.items()),
    ]
