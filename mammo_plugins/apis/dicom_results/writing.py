"""The DICOM objects of one study."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from numpy import float32
from pydicom import Dataset

from mammo_plugins.evaluation import LabelPredictions, Predictions
from mammo_plugins.evaluation.saliency_files import SaliencyMap
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.dicom_out.result_objects import KINDS, save_result
from mammo_plugins.io.dicom_out.result_settings import ResultSettings
from mammo_plugins.io.dicom_out.study_results import Model, NoDateError, StudyResults
from mammo_plugins.io.image_source import open_image
from mammo_plugins.structures.finding_location import FindingLocation

from .gathering import gather_study

if TYPE_CHECKING:
    from mammo_plugins.io.dicom_out.secondary_capture import ReadPicture

FOLDER = 'dicom'
_OWN_NAME = re.compile(rf'({"|".join(KINDS)})(-\d+)?\.dcm')
_INSTALL = 'pip install "mammo-plugins[dicom-out]"'


@dataclass(frozen=True)
class DicomRequest:
    """What to write.

    Attributes:
        kinds: some of :data:`~mammo_plugins.io.dicom_out.result_objects.KINDS`.
        settings: how.
        model: what predicted.
    """

    kinds: tuple[str, ...]
    settings: ResultSettings
    model: Model

    @classmethod
    def of_run(cls, run: Mapping[str, Any], kinds: Sequence[str], settings: ResultSettings) -> DicomRequest:
        """With the model of a run.

        Args:
            run: what decided its predictions, with ``config`` (a model's name, or the path of its config) and
                ``weights`` (their digest), ``config_digest`` and ``map_grid`` where they are not those of the model.
            kinds, settings: see above.
        """
        config = str(run['config'])
        name = Path(config).stem if config.endswith('.py') else Path(config).name
        weights = str(run['weights'])
        digest = weights if re.fullmatch(r'[0-9a-f]{16,}', weights) else hashlib.sha256(weights.encode()).hexdigest()
        decided = [str(run.get('config_digest') or ''), str(run.get('map_grid') or 'map')]
        return cls(tuple(kinds), settings, Model(name, digest, '' if decided == ['', 'map'] else ' '.join(decided)))


@dataclass
class StudyFiles:
    """What was written of a study.

    Attributes:
        files: the objects.
        notes: sentences about what was not written, and why.
    """

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_kinds(text: str) -> tuple[str, ...]:
    """Kinds by their names, in the order of :data:`~mammo_plugins.io.dicom_out.result_objects.KINDS`.

    Args:
        text: such as ``cad-sr,sr``.

    Raises:
        ValueError: a name is unknown, or what a kind needs is not installed.
    """
    named = [name.strip() for name in text.split(',') if name.strip()]
    unknown = [name for name in named if name not in KINDS]
    if unknown or not named:
        raise ValueError(f'unknown kind {", ".join(unknown) or repr(text)}: expected some of {",".join(KINDS)}')
    if set(named) - {'cad-sr'} and importlib.util.find_spec('highdicom') is None:
        raise ValueError(f'{",".join(named)} need highdicom (all kinds but cad-sr do): {_INSTALL}')
    return tuple(kind for kind in KINDS if kind in named)


def write_dicom_results(
    out: Path,
    study: AnnotationSet,
    findings: Predictions | None,
    labels: Sequence[LabelPredictions],
    maps: Sequence[tuple[Path, SaliencyMap]],
    request: DicomRequest,
    *,
    locations: Sequence[FindingLocation | None] | None = None,
    failed: Sequence[Dataset] = (),
) -> StudyFiles:
    """Writes the objects of one study below ``out/dicom``; those of an earlier run are replaced.

    Args:
        out: folder of the predictions.
        study: the images of the study that were predicted; none where all failed.
        findings: rows of these images, and of others, which are left alone; None where the model gives none.
        labels: of these images, breasts and pairs, likewise.
        maps: folder and entry of each saliency map of these images.
        request: what to write.
        locations: where each row of ``findings`` lies, see :mod:`mammo_plugins.apis.finding_locations`;
            None for nowhere known.
        failed: pruned headers of images of the study that could not be read.
    """
    written = StudyFiles()
    results, positions = gather_study(study, findings, labels, maps, request.model, locations, failed, written.notes)
    if results is None:
        return written
    folder = out / FOLDER / _folder_name(results, study)
    _remove_own(folder)

    def read_picture(position: int, slice_index: int) -> npt.NDArray[float32]:
        path = study.resolve_path(study.images[positions[position]])
        return next(iter(open_image(path).iter_slices([slice_index])))

    for kind in request.kinds:
        try:
            objects = _build(kind, results, request.settings, read_picture, written.notes)
        except NoDateError as error:
            written.notes.append(f'{_name(study)}: nothing written: {error}')
            break
        except (ValueError, AttributeError, KeyError, IndexError) as error:
            # What libraries raise on odd headers may quote them.
            written.notes.append(f'{_name(study)}: no {kind}: its headers cannot be used ({type(error).__name__})')
            continue
        for number, dataset in enumerate(objects, start=1):
            name = f'{kind}.dcm' if kind in ('cad-sr', 'sr') else f'{kind}-{number}.dcm'
            written.files.append(save_result(folder / name, dataset))
    return written


def remove_results(out: Path) -> None:
    """Removes the objects that an earlier run left, and the folders that are empty then."""
    for folder in sorted((out / FOLDER).glob('*/')):
        _remove_own(folder)
        if not any(folder.iterdir()):
            folder.rmdir()


def _remove_own(folder: Path) -> None:
    for stale in folder.glob('*.dcm'):
        if _OWN_NAME.fullmatch(stale.name):
            stale.unlink()


def _build(
    kind: str, results: StudyResults, settings: ResultSettings, read_picture: ReadPicture, notes: list[str]
) -> list[Dataset]:
    """The objects of a kind. highdicom is an extra, and is asked for only by kinds that need it."""
    if kind == 'cad-sr':
        from mammo_plugins.io.dicom_out.cad_report import build_cad_report

        return [build_cad_report(results, settings)]
    if kind == 'sr':
        from mammo_plugins.io.dicom_out.measurement_report import build_measurement_report

        return [build_measurement_report(results, settings)]
    if kind == 'gsps':
        from mammo_plugins.io.dicom_out.presentation_state import build_presentation_states

        return build_presentation_states(results, settings)
    if kind == 'seg':
        from mammo_plugins.io.dicom_out.segmentation import build_segmentations

        objects, problems = build_segmentations(results, settings)
        notes += problems
        return objects
    from mammo_plugins.io.dicom_out.secondary_capture import build_secondary_captures

    return build_secondary_captures(results, settings, read_picture)


def _folder_name(results: StudyResults, study: AnnotationSet) -> str:
    """The Study Instance UID; followed by a digest where images of one study were told apart as several exams."""
    uid = re.sub(r'[^0-9.]', '', str(results.first.StudyInstanceUID)) or 'study'
    told = study.images[0].study_uid if study.images else uid
    return uid if told == results.first.StudyInstanceUID else f'{uid}-{_digest(told)}'


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _name(study: AnnotationSet) -> str:
    return f'{study.images[0].patient_id}/{study.images[0].study_uid}' if study.images else 'a study that failed'
