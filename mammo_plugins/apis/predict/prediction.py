"""Predicting files that a user has: one exam, or an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.dist import get_rank, get_world_size
from rich.progress import track

from mammo_plugins.apis.model_bundle.choice import ModelChoice, choose_model
from mammo_plugins.apis.model_bundle.installed import DEFAULT_MODEL
from mammo_plugins.apis.process_group import join_process_group, on_first_process, wait_for_all
from mammo_plugins.apis.report.view_pixels import KeptPixels
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.io.dicom_out.result_settings import complete_settings
from mammo_plugins.io.source_digest import digest_source

from .config_digest import digest_config
from .finishing import PredictionRun, finish_run
from .modalities import modalities_of_config
from .run_start import begin_run
from .study_index import StudyIndex
from .study_parts import StudyParts, StudyRecord
from .study_prediction import PredictorSettings, StudyPredictor
from .workers import predict_on_workers

_MOST_FAILURES = 5  # of the first studies, for one and the same reason


def predict(
    source: str | Path,
    *,
    out: str | Path,
    model: str | Path | None = None,
    config: str | Path | None = None,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    cfg_options: dict | None = None,
    trust_checkpoint: bool = False,
    batch_size: int = 1,
    map_grid: str = 'map',
    resume: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    launcher: str = 'none',
    on_study: Callable[[StudyRecord], None] | None = None,
    dicom: Sequence[str] = (),
    dicom_settings: Mapping[str, Any] | None = None,
    priors: int = 1,
    kept: KeptPixels | None = None,
) -> PredictionRun:
    """Predicts a DICOM, PNG or MetaImage file, or every image in a folder, study by study.

    Writes into ``out`` what the model gives: ``predictions.csv`` (findings, DBTex columns, stored pixels),
    ``labels.csv`` (labels of images, breasts or pairs; a file each where it gives several), ``maps`` (saliency maps
    with their way back to stored pixels, further maps and the patches that the model looked at closely), ``pictures``
    (images that the model made, likewise). Beside it ``locations.csv`` (where findings lie in the breast, in words),
    ``report.html`` (of several studies a list, with a page each below ``studies``), ``images.json`` (the images as an
    annotation file without findings) and ``left_out.csv`` (files left out or in doubt, with the reason).

    One study is in memory at a time, and each is on disk when it is done, see :mod:`.study_parts`. One that cannot be
    predicted is listed and stops no other. Where the first ones all fail for the same reason, such as a config that
    fits no study, the run ends; resumed, it goes on with those that were not tried.

    Args:
        source: file or folder.
        out: folder for the results; made if missing. What an earlier run left there is replaced.
        model: name or zip of a model, see :func:`~mammo_plugins.apis.model_bundle.find_bundle`; the default model where
            no config is given either.
        config: path or name of the config that the checkpoint was trained with.
        checkpoint: weights, a path or URL.
        device: such as ``cuda:1`` or ``cpu``; the first GPU by default, the CPU where there is none.
        cfg_options, trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.
        batch_size: cases that go through the model at once.
        map_grid: ``map`` for saliency maps as fine as the model gives them, ``image`` for a value a stored pixel.
        resume: go on where a run with the same arguments was stopped: studies that are done are not predicted again.
        workers: processes on this machine, for prediction on CPUs.
        scheduler: address of a Dask scheduler, whose workers do the work instead; they must see source, model and
            ``out`` under the same paths.
        launcher: ``none``, ``pytorch`` or ``slurm``: every process that it started predicts a part of the studies.
        on_study: called with the record of each study as it is done.
        dicom: kinds of DICOM objects to write into ``out/dicom``, see
            :func:`~mammo_plugins.apis.dicom_results.check_kinds`.
        dicom_settings: what is stated of :class:`~mammo_plugins.io.dicom_out.result_settings.ResultSettings`.
        priors: how many earlier studies of the patient, by Study Date, the page of a study shows beside it.
        kept: how much of the images the pages keep.

    Raises:
        FileNotFoundError, ValueError: nothing could be predicted, or the model cannot be built.
    """
    if priors < 0:
        raise ValueError(f'--priors is {priors}: expected 0 or more')
    source, out = Path(source).absolute(), Path(out)
    if model is None and config is None and checkpoint is None:
        model = DEFAULT_MODEL
    choice = choose_model(model, config, checkpoint, trust_checkpoint)
    out.mkdir(parents=True, exist_ok=True)
    join_process_group(launcher)
    parts = StudyParts(out)
    decisive = decisive_settings(source, choice, cfg_options, map_grid, trust_checkpoint)
    if dicom:
        results = asdict(complete_settings(dicom_settings or {}, decisive['operating_points']))
        decisive['dicom'] = {'kinds': list(dicom), 'settings': results}
    doubts = on_first_process(lambda: begin_run(parts, source, decisive, resume))
    settings = PredictorSettings(
        config=str(choice.config),
        checkpoint=str(choice.checkpoint),
        out=str(out.absolute()),
        root=str(source if source.is_dir() else source.parent),
        device=device,
        cfg_options=cfg_options or {},
        trust_checkpoint=trust_checkpoint,
        batch_size=batch_size,
        map_grid=map_grid,
        model_notes=choice.notes,
        run=decisive,
        priors=priors,
        kept=asdict(kept or KeptPixels()),
    )
    patience = _Patience()
    for record in _predict_pending(settings, parts, workers, scheduler):
        patience.look_at(record)
        if on_study is not None:
            on_study(record)
    wait_for_all()
    return on_first_process(
        lambda: finish_run(parts, source, choice, decisive['weights'], _known_modalities(settings, parts), doubts)
    )


def _predict_pending(
    settings: PredictorSettings, parts: StudyParts, workers: int, scheduler: str | None
) -> Iterator[StudyRecord]:
    """The records of those studies that are not done and are this process's to do."""
    index = StudyIndex(parts.index_path)
    mine = range(get_rank() + 1, index.num_studies + 1, get_world_size())
    left = [number for number in mine if not parts.is_done(number)]
    numbers = sorted(left, key=parts.has_record)  # those that failed last: whatever they do, the others had their turn
    if min(workers, len(numbers)) > 1 or (scheduler is not None and numbers):
        records: Iterable[StudyRecord] = predict_on_workers(settings, numbers, min(workers, len(numbers)), scheduler)
    else:
        records = StudyPredictor(settings).predict(index.study(number) for number in numbers)
    yield from track(records, total=len(numbers), description='predicting') if get_rank() == 0 else records


@dataclass
class _Patience:
    """Ends a run whose first studies all fail for the same reason, which is none of a study.

    Attributes:
        failures: so far.
        reason: of the first failure.
        is_endless: something was predicted, or failed for another reason.
    """

    failures: int = 0
    reason: str = ''
    is_endless: bool = False

    def look_at(self, record: StudyRecord) -> None:
        self.reason = self.reason or record.failed
        self.failures += bool(record.failed)
        self.is_endless |= bool(record.num_images) or record.failed not in ('', self.reason)
        if self.failures >= _MOST_FAILURES and not self.is_endless:
            raise ValueError(
                f'the first {self.failures} studies could not be predicted, all because: {self.reason} (--resume goes '
                'on with the other studies)'
            )


def decisive_settings(
    source: Path,
    choice: ModelChoice,
    cfg_options: dict | None = None,
    map_grid: str = 'map',
    trust_checkpoint: bool = False,
) -> dict[str, Any]:
    """What decides the predictions, as plain values; see :func:`predict`.

    Raises:
        FileNotFoundError, ValueError: the config cannot be read.
    """
    checkpoint = Path(choice.checkpoint)
    return {
        'source': str(source),
        'config': choice.bundle.name if choice.bundle else str(choice.config),
        'weights': choice.bundle.digest if choice.bundle else _digest_weights(checkpoint),
        'config_digest': _config_digest(choice, cfg_options, trust_checkpoint),
        'cfg_options': {name: repr(value) for name, value in (cfg_options or {}).items()},
        'map_grid': map_grid,
        'operating_points': _operating_points(choice),
    }


def _config_digest(choice: ModelChoice, cfg_options: dict | None, trust_checkpoint: bool) -> str:
    """Of the config as it is used; empty for that of a bundle, which the digest of the bundle covers."""
    if choice.bundle and not cfg_options:
        return ''
    return digest_config(
        load_run_config(choice.config, cfg_options=dict(cfg_options or {}), trust_checkpoint=trust_checkpoint)
    )


def _operating_points(choice: ModelChoice) -> list[float]:
    """Scores that were chosen for a model and go with it."""
    points = choice.bundle.thresholds() if choice.bundle else []
    return [point['score'] for point in points if point['score'] is not None]


def _digest_weights(checkpoint: Path) -> str:
    return digest_source(checkpoint) if checkpoint.is_file() else str(checkpoint)


def _known_modalities(settings: PredictorSettings, parts: StudyParts) -> list[str]:
    """Those that the config has data of; asked for only where a study has images of another."""
    index = StudyIndex(parts.index_path)
    if not any(record.foreign for record in parts.records(index.num_studies)):
        return []
    cfg = load_run_config(settings.config, work_dir=settings.out, cfg_options=dict(settings.cfg_options))
    return modalities_of_config(cfg)
