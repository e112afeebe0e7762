"""Predicting one study after another as DICOM objects, with a model that stays loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mammo_plugins.apis.dicom_results import FOLDER
from mammo_plugins.apis.model_bundle.choice import choose_model
from mammo_plugins.io.dicom_out.result_settings import complete_settings

from .loaded_model import LoadedModel
from .prediction import decisive_settings
from .run_start import begin_run
from .study_index import StudyIndex
from .study_parts import StudyParts
from .study_prediction import PredictorSettings, StudyPredictor


@dataclass(frozen=True)
class ResidentResult:
    """What came of a folder.

    Attributes:
        files: DICOM objects, by path.
        notes: which were not written, and why.
        failed: why predicting failed; empty where it did not.
    """

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: str = ''


class ResidentPredictor:
    """Loads a model, and predicts folders with it.

    Args:
        model: name or zip of a bundle.
        device: see :func:`~.prediction.predict`.
        kinds: of DICOM objects.
        dicom_settings: what is stated of :class:`~mammo_plugins.io.dicom_out.result_settings.ResultSettings`.

    Raises:
        FileNotFoundError, ValueError: there is no such model, or it cannot be built.
    """

    def __init__(
        self,
        model: str | Path,
        device: str | None = None,
        kinds: Sequence[str] = ('cad-sr',),
        dicom_settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._choice = choose_model(model)
        self._kinds, self._dicom_settings = list(kinds), dict(dicom_settings or {})
        self._model = LoadedModel(self._choice.config, self._choice.checkpoint, device)
        self._device = device
        _ = self._model.modality  # builds it now, so that what is wrong with it is known before the first study

    @property
    def digest(self) -> str:
        """Of the model."""
        return self._choice.bundle.digest if self._choice.bundle else ''

    def predict(self, source: Path, out: Path) -> ResidentResult:
        """Predicts every study of a folder and writes its objects below ``out/dicom``, as ``mammo predict`` does.

        Args:
            source: folder of images.
            out: folder that is made or, if an earlier run made it, emptied.
        """
        parts, run = StudyParts(out), decisive_settings(source, self._choice)
        results = complete_settings(self._dicom_settings, run['operating_points'])
        run['dicom'] = {'kinds': self._kinds, 'settings': asdict(results)}
        begin_run(parts, source, run, resume=False)
        settings = PredictorSettings(
            config=str(self._choice.config),
            checkpoint=str(self._choice.checkpoint),
            out=str(out),
            root=str(source),
            device=self._device,
            model_notes=self._choice.notes,
            run=run,
        )
        index = StudyIndex(parts.index_path)
        studies = (index.study(number) for number in range(1, index.num_studies + 1))
        records = list(StudyPredictor(settings, self._model).predict(studies))
        return ResidentResult(
            sorted((out / FOLDER).glob('*/*.dcm')),
            [note for record in records for note in record.dicom_notes],
            '; '.join(record.failed for record in records if record.failed),
        )
