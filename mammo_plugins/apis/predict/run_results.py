"""DICOM objects of a run that is done, study by study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mammo_plugins.apis.dicom_results import DicomRequest, StudyFiles, remove_results, write_study_folder
from mammo_plugins.io.dicom_out.result_settings import complete_settings

from .study_index import StudyIndex
from .study_parts import SETTINGS, StudyParts


def write_run_results(out: str | Path, kinds: Sequence[str], given: Mapping[str, Any]) -> StudyFiles:
    """Writes the objects of all studies of a folder of predictions into its ``dicom``, in place of earlier ones.

    Args:
        out: folder that ``mammo predict`` wrote; the images must lie where they lay then.
        kinds: see :func:`~mammo_plugins.apis.dicom_results.check_kinds`.
        given: how, as far as it is stated, see :func:`~mammo_plugins.io.dicom_out.result_settings.read_settings`;
            thresholds that are not stated are those of the model.

    Raises:
        ValueError: the folder holds no predictions of this version, or a file in it cannot be read.
    """
    parts = StudyParts(Path(out))
    try:
        run = json.loads((parts.root / SETTINGS).read_text(encoding='utf-8'))
        predicted_with = {name: run[name] for name in ('config', 'weights')}
        predicted_with |= {name: run[name] for name in ('config_digest', 'map_grid') if name in run}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{parts.root / SETTINGS} does not tell what was predicted ({type(error).__name__}): give a folder that '
            '"mammo predict" wrote'
        ) from error
    request = DicomRequest.of_run(predicted_with, kinds, complete_settings(given, run.get('operating_points', ())))
    remove_results(parts.out)
    written = StudyFiles()
    index = StudyIndex(parts.index_path)
    for record in parts.records(index.num_studies):
        folder, failed = parts.folder(record.number), index.study(record.number).files if record.failed else None
        try:
            of_study = write_study_folder(parts.out, folder, record.left_out, record.not_analysed, failed, request)
        except (ValueError, OSError) as error:  # one study, such as images that are gone, stops no other
            of_study = StudyFiles(notes=[f'study {record.number}: no DICOM objects: {error}'])
        written.files += of_study.files
        written.notes += of_study.notes
    return written
