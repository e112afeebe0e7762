"""A cheap predictor without torch: real CAD SR objects with made-up scores.

A file ``behaviour`` beside the spool makes it misbehave: ``fail``, ``crash``, ``hang`` or ``slow``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from mammo_plugins.apis.dicom_results import FOLDER
from mammo_plugins.apis.dicom_results.failed_images import headers_of
from mammo_plugins.apis.serve.model_identity import identify_model
from mammo_plugins.apis.serve.settings import ServeSettings
from mammo_plugins.apis.serve.worker import Answer, MakePredictor
from mammo_plugins.io import UnreadableImageError, read_header
from mammo_plugins.io.dicom_out.cad_report import build_cad_report
from mammo_plugins.io.dicom_out.result_objects import save_result
from mammo_plugins.io.dicom_out.study_results import Mark, ReadImage, StudyResults


class FakePredictor:
    """Finds the same in every image that it can read."""

    def __init__(self, settings: ServeSettings) -> None:
        identity = identify_model(settings.model.name)
        self.digest = identity.digest
        self._request = identity.request(settings.results)
        self._behaviour = settings.spool.parent / 'behaviour'

    def predict(self, source: Path, out: Path) -> Answer:
        self._misbehave()
        images, failed = [], []
        for path in sorted(source.glob('*.dcm')):
            headers = headers_of(path)
            try:
                header = read_header(path)
                image = ReadImage(tuple(headers), header.view, header.modality, marks=(Mark((1, 1, 9, 9), 0, 0.7),))
                images.append(image)
            except (UnreadableImageError, ValueError):
                failed += headers
        if not images and not failed:
            return Answer(notes=('no image',))
        results = StudyResults(self._request.model, tuple(images), tuple(failed))
        report = build_cad_report(results, self._request.settings)
        return Answer((save_result(out / FOLDER / 'study' / 'cad-sr.dcm', report),))

    def _misbehave(self) -> None:
        word = self._behaviour.read_text() if self._behaviour.is_file() else ''
        if word == 'fail':
            raise ValueError('made to fail')
        if word == 'crash':
            os._exit(7)
        if word == 'hang':
            time.sleep(600)
        if word == 'slow':
            time.sleep(1)


def load_fake(settings: ServeSettings) -> FakePredictor:
    """For the worker process."""
    return FakePredictor(settings)


class WorkerInside:
    """A worker without a process of its own, as the service sees one."""

    def __init__(self, settings: ServeSettings, make_predictor: MakePredictor, is_wanted: object) -> None:
        self._settings, self._make = settings, make_predictor
        self.digest, self.starts, self.is_loaded = '', 0, False

    def start(self) -> None:
        self._predictor = self._make(self._settings)
        self.digest, self.starts, self.is_loaded = self._predictor.digest, self.starts + 1, True

    def predict(self, source: Path, out: Path) -> Answer:
        try:
            return self._predictor.predict(source, out)
        except ValueError as error:
            return Answer(failed=str(error))

    def end(self) -> None:
        self.digest, self.is_loaded = '', False
