"""Predicting studies one after another with a model that stays loaded."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from torch.utils.data import ConcatDataset

from mammo_plugins.apis.dicom_results import DicomRequest, write_study_folder
from mammo_plugins.apis.finding_locations import LocatedFindings, locate_table
from mammo_plugins.apis.found_images.finding import FoundImages, describe_files
from mammo_plugins.apis.inference import build_test_dataset, find_malignant_label, predict_cases
from mammo_plugins.apis.report.label_text import label_table, label_text
from mammo_plugins.apis.report.network_cases import report_case
from mammo_plugins.apis.report.picture_layers import PICTURE_HEIGHT, PictureLayers
from mammo_plugins.apis.report.view_pixels import KeptPixels
from mammo_plugins.compat.library_messages import quiet_log
from mammo_plugins.datasets.case_dataset import CaseDataset, NoCaseError
from mammo_plugins.io.coco_volume import write_annotations
from mammo_plugins.io.dicom_out.result_settings import ResultSettings
from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.sample_predictions import note_sentences
from mammo_plugins.visualization import write_report
from mammo_plugins.visualization.html_report import MAX_BYTES

from .earlier_studies import EarlierImages
from .loaded_model import LoadedModel
from .modalities import foreign_notes, modalities_of_config, other_modalities
from .outputs import PredictedFiles, PredictionWriter, given_lines
from .study_index import Study, StudyIndex
from .study_parts import IMAGES, PAGE, StudyParts, StudyRecord

_MAX_CACHED_IMAGES = 16  # of a study; larger ones are folders of many patients, whose images are read when needed


@dataclass(frozen=True)
class PredictorSettings:
    """What a predictor is made from, as plain values that travel between processes.

    Attributes:
        config, checkpoint, device, cfg_options, trust_checkpoint: see :func:`~.prediction.predict`.
        out: folder of the run.
        root: folder that was searched.
        batch_size: cases that go through the model at once; of as many studies, if need be.
        map_grid: see :func:`~.prediction.predict`.
        model_notes: what every page says of the model.
        run: what decides the predictions, with ``dicom`` where DICOM objects are to be written.
        priors: how many earlier studies of the patient a page shows beside it.
        kept: how much of the images the pages keep, see :class:`~mammo_plugins.apis.report.view_pixels.KeptPixels`.
    """

    config: str
    checkpoint: str
    out: str
    root: str
    device: str | None = None
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    trust_checkpoint: bool = False
    batch_size: int = 1
    map_grid: str = 'map'
    model_notes: Sequence[str] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    priors: int = 0
    kept: Mapping[str, int] = field(default_factory=dict)

    @property
    def dicom(self) -> DicomRequest | None:
        """Which DICOM objects are to be written; None for none."""
        if 'dicom' not in self.run:
            return None
        wanted = self.run['dicom']
        return DicomRequest.of_run(self.run, wanted['kinds'], ResultSettings(**wanted['settings']))

    def key(self) -> str:
        """All of it as a text, by which a process may keep a predictor."""
        return json.dumps(asdict(self))

    @classmethod
    def of_key(cls, key: str) -> PredictorSettings:
        """What :meth:`key` was made from."""
        return cls(**json.loads(key))


@dataclass
class _Prepared:
    """A study whose images were read.

    Attributes:
        files: of the study.
        record: what is known so far.
        found: its images.
        dataset: those that the model reads; None where there is none.
        begun: when, by a clock of seconds.
    """

    files: Sequence[Path]
    record: StudyRecord
    found: FoundImages | None
    dataset: CaseDataset | None
    begun: float


class StudyPredictor:
    """Predicts studies and writes each into its folder, see :mod:`.study_parts`.

    While the model computes, a thread reads the next studies. A study that cannot be predicted is noted and stops no
    other.

    Args:
        settings: what it is made from. The model is built when the first study has an image for it.
        model: one that is loaded already; its config, weights and device are those of ``settings``.
    """

    def __init__(self, settings: PredictorSettings, model: LoadedModel | None = None) -> None:
        self._settings = settings
        self._parts = StudyParts(Path(settings.out))
        self._model = model or LoadedModel(
            settings.config,
            settings.checkpoint,
            settings.device,
            settings.cfg_options,
            settings.trust_checkpoint,
            settings.out,
        )

    def predict(self, studies: Iterator[Study]) -> Iterator[StudyRecord]:
        """Predicts studies in order; the record of each comes when all of it is on disk."""
        with ThreadPoolExecutor(1) as reader:
            following = reader.submit(self._prepare_some, studies)
            while prepared := following.result():
                following = reader.submit(self._prepare_some, studies)
                yield from self._predict_together(prepared)

    def _prepare_some(self, studies: Iterator[Study]) -> list[_Prepared]:
        """Reads as many studies as a batch has cases."""
        return [self._prepare(study) for study in islice(studies, self._settings.batch_size)]

    def _prepare(self, study: Study) -> _Prepared:
        prepared = _Prepared(study.files, StudyRecord(study.number), None, None, time.perf_counter())
        folder = self._parts.begin(study.number)
        try:
            found = prepared.found = describe_files(
                study.files, Path(self._settings.root), study.first_id, study.spread
            )
        except Exception as error:  # whatever is wrong with one study, the others go on
            prepared.record.failed = _reason(error)
            return prepared
        prepared.record.left_out, prepared.record.doubts = found.left_out, found.doubts
        prepared.record.digests, prepared.record.notes = found.digests, dict(found.counted_notes)
        if found.annotations.images:
            write_annotations(folder / IMAGES, found.annotations)
            reads = self._model.modality  # builds the model: what is wrong with that ends the run
            try:
                prepared.dataset = self._read_images(prepared.record, found, folder / IMAGES, reads)
            except Exception as error:
                self._fail(prepared, error)
        return prepared

    def _fail(self, prepared: _Prepared, error: Exception) -> None:
        """Notes that a study failed; of it, its images and what was left out of them stay, for reports that say so."""
        record = prepared.record
        self._parts.keep_images(record.number)
        prepared.record = StudyRecord(
            record.number, left_out=record.left_out, not_analysed=record.not_analysed, failed=_reason(error)
        )

    def _read_images(
        self, record: StudyRecord, found: FoundImages, ann_file: Path, reads: list[str] | None
    ) -> CaseDataset | None:
        others = other_modalities(found.annotations, reads)
        record.left_out |= others
        if len(others) == len(found.annotations.images):
            return None
        try:
            with quiet_log():
                dataset = build_test_dataset(
                    self._model.cfg,
                    ann_file=str(ann_file),
                    data_root='',
                    modality=reads,
                    split=None,
                    cache_in_memory=len(found.annotations.images) <= _MAX_CACHED_IMAGES,
                    on_error='skip-report',
                    serialize_data=False,  # it is for workers, and takes a second
                )
        except NoCaseError as error:
            files = (str(found.annotations.resolve_path(image)) for image in found.annotations.images)
            self._leave_out(record, dict.fromkeys(set(files).difference(record.left_out), str(error)) | error.left_out)
            return None
        self._leave_out(record, dataset.unreadable | dataset.dropped)
        record.group_by = dataset.group_by
        record.foreign = self._foreign(found)
        return dataset

    @staticmethod
    def _leave_out(record: StudyRecord, reasons: Mapping[str, str]) -> None:
        """Notes images that are to be read, and were not."""
        record.left_out |= reasons
        record.not_analysed = sorted(reasons)

    def _foreign(self, found: FoundImages) -> dict[str, int]:
        """Images by modality that are read although the config has no data of it, such as SM by a model of FFDM."""
        known = modalities_of_config(self._model.cfg)
        if self._model.modality is not None or not known:
            return {}
        return dict(Counter(image.modality for image in found.annotations.images if image.modality not in known))

    def _predict_together(self, prepared: Sequence[_Prepared]) -> Iterator[StudyRecord]:
        usable = [one for one in prepared if one.dataset is not None]
        shared = self._predicted_cases(usable) if len(usable) > 1 else None
        for one in prepared:
            if one.dataset is not None and shared is not None:
                try:
                    self._write(one, islice(shared, len(one.dataset)))
                except Exception:  # of this study or of another one of the batch: from here on, each is by itself
                    shared = None
                    self._parts.keep_images(one.record.number)
                    self._write_alone(one)
            elif one.dataset is not None:
                self._write_alone(one)
            self._write_dicom(one)
            one.record.seconds = round(time.perf_counter() - one.begun, 3)
            self._parts.finish(one.record)
            yield one.record

    def _write_alone(self, prepared: _Prepared) -> None:
        try:
            self._write(prepared, self._predicted_cases([prepared]))
        except Exception as error:
            self._fail(prepared, error)

    def _predicted_cases(self, prepared: Sequence[_Prepared]) -> Iterator[MammoCaseSample]:
        datasets = [one.dataset for one in prepared]
        return predict_cases(self._model.detector, ConcatDataset(datasets), self._settings.batch_size)

    def _write(self, prepared: _Prepared, predicted: Iterator[MammoCaseSample]) -> None:
        """Writes the predictions of a study as they come."""
        record, found, dataset = prepared.record, prepared.found, prepared.dataset
        folder = self._parts.folder(record.number)
        writer = PredictionWriter(folder, found.annotations, self._settings.map_grid)
        cases = [writer.add(case) for case in predicted]
        files = writer.finish(lambda: find_malignant_label(self._model.detector, dataset.classes))
        located = locate_table(files.csv, found.annotations) if files.csv else None
        record.num_images = sum(len(case.views) for case in cases)
        record.cases = [_case_entry(case) for case in cases]
        record.image_labels = dict(_image_labels(cases))
        record.prediction_notes, record.given = files.note_counts, files.given
        self._write_page(folder, prepared, cases, files, located)

    def _write_dicom(self, prepared: _Prepared) -> None:
        """Writes the DICOM objects of a study, one that failed too; what goes wrong there is noted."""
        if self._settings.dicom is None:
            return
        record = prepared.record
        folder, failed = self._parts.folder(record.number), prepared.files if record.failed else None
        try:
            written = write_study_folder(
                self._parts.out, folder, record.left_out, record.not_analysed, failed, self._settings.dicom
            )
        except Exception as error:
            record.dicom_notes = [f'study {record.number}: no DICOM objects: {_reason(error)}']
            return
        record.dicom, record.dicom_notes = len(written.files), written.notes

    def _write_page(
        self,
        folder: Path,
        prepared: _Prepared,
        cases: Sequence[MammoCaseSample],
        files: PredictedFiles,
        located: LocatedFindings | None,
    ) -> None:
        record, annotations = prepared.record, prepared.found.annotations
        overlays = PictureLayers({'': files.maps}) if files.maps else None
        pictures = PictureLayers({'': files.pictures}, PICTURE_HEIGHT) if files.pictures else None
        studies = StudyIndex(self._parts.index_path).earlier(record.number)
        earlier = EarlierImages.find(studies, self._settings.priors, Path(self._settings.root))
        shown = [*annotations.images, *earlier.images]
        kept = KeptPixels(**self._settings.kept).within(shown, MAX_BYTES)  # a pixel takes about a byte
        current = [
            report_case(prepared.dataset, index, case, annotations, overlays, pictures, located, kept)
            for index, case in enumerate(cases)
        ]
        priors = earlier.cases(kept)
        write_report(
            folder / PAGE,
            'Predicted findings' if files.csv else 'Predictions',
            rows=[],
            cases=[*current, *priors],
            notes=[
                *self._settings.model_notes,
                *(f'The model gives {line}.' for line in given_lines(record.given)),
                *note_sentences(record.prediction_notes, record.num_images),
                *prepared.found.notes,
                *foreign_notes(modalities_of_config(self._model.cfg), record.foreign),
                *_file_notes(record),
                *earlier.notes,
            ],
            tables=[label_table(labels) for labels in files.labels.values()],
        )


def _case_entry(case: MammoCaseSample) -> dict[str, Any]:
    malignancy = case.get('pred_malignancy')
    return {
        'name': case.case_id,
        'malignancy': None if malignancy is None else float(malignancy),
        'labels': label_text(case.pred_labels) if 'pred_labels' in case else '',
    }


def _image_labels(cases: Sequence[MammoCaseSample]) -> Iterator[tuple[str, str]]:
    for case in cases:
        for view in case.views:
            if 'pred_labels' in view:
                yield f'{case.case_id} {view.view_name}', label_text(view.pred_labels)


def _file_notes(record: StudyRecord) -> list[str]:
    """Sentences of the report about files, by their names, since folders may say who somebody is."""
    return [
        *(f'In doubt: {printable_path(Path(path).name)}: {reason}' for path, reason in record.doubts.items()),
        *(f'Left out: {printable_path(Path(path).name)}: {reason}' for path, reason in record.left_out.items()),
    ]


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, (ValueError, OSError)) else f'{type(error).__name__}: {error}'
