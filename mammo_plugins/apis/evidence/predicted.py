"""Predictions of a test list: made by the model of a plan, or taken from files that a run of the same model wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mammo_plugins.apis.run_manifest import MANIFEST
from mammo_plugins.evaluation import (
    LabelPredictions,
    Predictions,
    image_keys,
    is_label_file,
    read_labels,
    read_predictions,
)
from mammo_plugins.evaluation.image_names import positions_by_name
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.source_digest import digest_file

from .plan import EvidencePlan, PlanError


@dataclass(frozen=True)
class PredictedList:
    """What a model says of the images of a list.

    Attributes:
        findings: of the images; None where the model gives none.
        labels: a table for each of image, breast and pair.
        unreadable: id of an image to why it could not be read.
        left_out: id of an image to why the model did not read it, such as a missing partner.
        study_seconds: (patient, study) to the seconds that it took; empty where nobody measured them.
        device: what computed.
        files: what was read, by name and digest.
    """

    findings: Predictions | None
    labels: Sequence[LabelPredictions] = ()
    unreadable: dict[int, str] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    study_seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    device: str = ''
    files: Sequence[dict[str, str]] = ()

    def require_something(self, annotations: AnnotationSet) -> None:
        """Refuses predictions of other images.

        Raises:
            PlanError: none is of an image of the list.
        """
        studies = {(image.patient_id, image.study_uid) for image in annotations.images}
        keys = [] if self.findings is None else list(self.findings.images)
        keys += [key for table in self.labels for key in table.keys]
        if not studies & {(key.patient_id, key.study_uid) for key in keys}:
            raise PlanError(
                'the predictions are of no study of the test list: predict the images of its annotation file with '
                '"mammo test --model MODEL --ann ANN --out found.csv"'
            )


def unmentioned(predicted: PredictedList, annotations: AnnotationSet) -> dict[int, str]:
    """Id of each image of which a model that scores every image says nothing, and that in words."""
    if predicted.findings is None or predicted.findings.image_scores is None:
        return {}  # an image without findings has no row
    known = positions_by_name(image_keys(annotations.images), [image.modality for image in annotations.images])
    mentioned = {known[key] for key in predicted.findings.images if key in known}
    silent = (image for place, image in enumerate(annotations.images) if place not in mentioned)
    return {image.id: 'the image is not in the predictions' for image in silent}


def read_predicted(paths: Sequence[str | Path], plan: EvidencePlan) -> PredictedList:
    """Reads files of predictions whose record says that the model of the plan made them.

    Args:
        paths: findings and labels, with the ``run.json`` that was written with them.
        plan: names the model.

    Raises:
        PlanError: a file has no record, is of another or a changed model, of a run that failed, of other annotations,
            was changed since, or there are two of findings.
        ValueError: a file is not as it must be.
    """
    files, findings, labels = [], [], []
    devices = []
    for path in map(Path, paths):
        record = _record_of(path)
        digest = record.get('model', {}).get('digest')
        if digest != plan.model_digest:
            raise PlanError(
                f'{path} was predicted by {_model_name(record)}, and {plan.path.name} is about '
                f'{plan.content["model"]["name"]} ({plan.model_digest[:12]})'
            )
        _require_as_planned(path, record, plan)
        found = digest_file(path)
        if found not in [file.get('sha256') for file in record.get('files', ()) if file.get('name') == path.name]:
            raise PlanError(f'{path} is not as the run of {MANIFEST} left it: predict again')
        (labels if is_label_file(path) else findings).append(path)
        files.append({'file': path.name, 'sha256': found})
        devices.append(record.get('device') or 'not recorded')
    if len(findings) > 1:
        raise PlanError(f'{findings[0]} and {findings[1]} both hold findings: give one')
    return PredictedList(
        findings=read_predictions(findings[0], lenient=False) if findings else None,
        labels=[read_labels(path) for path in labels],
        device=', '.join(dict.fromkeys(devices)),
        files=files,
    )


def _require_as_planned(path: Path, record: Mapping[str, Any], plan: EvidencePlan) -> None:
    """Refuses predictions of a run that failed, changed its model, or read other annotations than those of the plan."""
    if error := record.get('error'):
        raise PlanError(f'{path} is of a run that failed ({error}): predict again')
    if changed := (record.get('settings') or {}).get('cfg_options'):
        raise PlanError(
            f'{path} was predicted with --cfg-options {" ".join(map(str, changed))}, and {plan.path.name} is about the '
            'model as it was exported: predict again without'
        )
    read = (record.get('annotations') or {}).get('sha256')
    if read is not None and read != plan.content['annotations']['sha256']:
        raise PlanError(
            f'{path} is of other annotations ({record["annotations"].get("file")}, {read[:12]}...) than those of '
            f'{plan.path.name}: predict again with these'
        )


def _record_of(path: Path) -> dict[str, Any]:
    beside = (path.with_suffix(f'.{MANIFEST}'), _of_findings(path), path.with_name(MANIFEST))
    record = next((one for one in beside if one.is_file()), None)
    if not path.is_file() or record is None:
        raise PlanError(
            f'{path} {"has no " + MANIFEST + " beside it" if path.is_file() else "is not there"}: give files that '
            '"mammo test --model" or "mammo predict --model" wrote, with their record'
        )
    try:
        content = json.loads(record.read_text(encoding='utf-8'))
    except ValueError as error:
        raise PlanError(f'{record} is no record of a run: {error}') from error
    return content if isinstance(content, dict) else {}


def _of_findings(path: Path) -> Path:
    """The record of ``found_labels.csv`` is that of ``found.csv``."""
    return path.with_name(f'{path.stem.removesuffix("_labels")}.{MANIFEST}')


def _model_name(record: dict[str, Any]) -> str:
    model = record.get('model') or {}
    if 'digest' in model:
        return f'{model.get("name")} ({str(model["digest"])[:12]})'
    return f'a checkpoint ({model.get("checkpoint", "unknown")}) that is no model in one file'
