"""From a job that is ready to results on disk, or to a report that it failed."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom import dcmread

from mammo_plugins.apis.dicom_results import write_failed_study
from mammo_plugins.io.source_digest import digest_file

from .deliveries import ResultFile, enter_results
from .job_table import NOT_PREDICTED, PREDICTED, Job, JobTable
from .model_identity import ModelIdentity, identify_model
from .settings import ServeSettings
from .spool import Spool, move_whole, sync
from .states import State, TransitionError
from .worker_process import WorkerError, WorkerProcess

_LOGGER = logging.getLogger(__name__)
_RETRY_SECONDS = 5.0  # doubled after each try
_LONGEST_RETRY_SECONDS = 3600.0
_LOAD_SECONDS = 30.0  # between tries to load a model that cannot be loaded


class PredictionLoop:
    """Takes ready jobs one by one.

    Args:
        settings, spool, table: of the service.
        worker: has the model.
        is_wanted: whether the service goes on.
        on_prediction: called with the seconds that a study took, for metrics.
        retry_seconds: before the second try of a study.
    """

    def __init__(
        self,
        settings: ServeSettings,
        spool: Spool,
        table: JobTable,
        worker: WorkerProcess,
        is_wanted: Callable[[], bool] = lambda: True,
        on_prediction: Callable[[float], None] = lambda _: None,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._settings, self._spool, self._table, self._worker = settings, spool, table, worker
        self._is_wanted, self._on_prediction, self._retry_seconds = is_wanted, on_prediction, retry_seconds
        self._load_after = 0.0
        self._unreadable = False
        self._identity: ModelIdentity | None = None

    def load(self) -> bool:
        """Has the worker load the model that lies on disk now; whether one is loaded.

        A model that cannot be read is told once; the one that is loaded goes on.
        """
        try:
            identity = identify_model(self._settings.model.name)
        except (OSError, ValueError) as error:
            if not self._unreadable:
                self._table.note('model unreadable', reason=type(error).__name__)
                _LOGGER.error('the model cannot be read: %s', error)
            self._unreadable = True
            return self._worker.is_loaded
        self._unreadable, self._identity, wanted = False, identity, identity.digest
        if self._worker.is_loaded and self._worker.digest == wanted:
            return True
        if self._table.clock() < self._load_after:
            return False
        if self._worker.is_loaded:
            self._table.note('model changed', **{'from': self._worker.digest, 'to': wanted})
            self._worker.end()
        try:
            self._worker.start()
        except WorkerError as error:
            if self._is_wanted():
                self._table.note('model not loaded')
                _LOGGER.error('%s', error)
            self._load_after = self._table.clock() + _LOAD_SECONDS
            return False
        self._table.note('model loaded', model=self._worker.digest)
        return True

    def run_once(self) -> bool:
        """Predicts the job that waits longest; whether there was one.

        An error outside of the model, such as a disk that is full, ends one try of one job.
        """
        if self._table.jobs(State.PREDICTING):  # one worker: an error ended its try, and what was to tell of that
            self._table.recover('an error ended its try')
        if not self.load():
            return False
        now = self._table.clock()
        job = next((job for job in self._table.jobs(State.READY) if job.not_before <= now), None)
        if job is None:
            return False
        is_spent = job.tries >= self._settings.model.tries
        try:
            is_claimed = self._table.claim(
                job.number, self._worker.digest, self._settings.results_digest, counts=not is_spent
            )
        except TransitionError:  # a late image took it back in between
            return True
        if not is_claimed:
            return True
        try:
            if is_spent:  # by tries that ended the whole service, or whose report could not be written yet
                self._report_failure(job.number, job.reason or 'the service ended while it was predicted')
            else:
                self._predict(self._table.job(job.number))
        except Exception as error:
            _LOGGER.error('job %d: %s', job.number, type(error).__name__)
            self._put_off(job.number, job.reason if is_spent else f'{type(error).__name__}: {error}')
        return True

    def _put_off(self, number: int, failed: str) -> None:
        """Lets a job wait whose try was ended by an error; without a try left, the report of its failure waits."""
        job = self._table.job(number)
        if job.state is State.PREDICTING:
            self._wait(job, failed)

    def _wait(self, job: Job, failed: str) -> None:
        seconds = min(_LONGEST_RETRY_SECONDS, self._retry_seconds * 2.0 ** (job.tries - 1))
        self._table.move(
            job.number,
            State.READY,
            told=f'failed try {job.tries}',
            reason=failed,
            not_before=self._table.clock() + seconds,
        )

    def _predict(self, job: Job) -> None:
        files = [file for _, file in self._table.images_of(job.number)]
        folder = self._spool.begin_try(job.number, files)
        begun = time.monotonic()
        try:
            answer = self._worker.predict(folder / 'input', folder / 'out')
            failed = answer.failed or _nothing_written(answer.files, answer.notes)
            told = 'an error' if failed else ''
        except WorkerError as error:
            answer, failed = None, str(error)
            told = failed
        if failed or answer is None:
            # What the model says of a study may name it: that stays in the table.
            _LOGGER.warning('job %d, try %d: %s', job.number, job.tries, told)
            self._try_again(job, failed)
        else:
            results = self._keep(job.number, answer.files)
            enter_results(self._table, job.number, PREDICTED, results, '; '.join(answer.notes))
            self._on_prediction(time.monotonic() - begun)
        shutil.rmtree(folder, ignore_errors=True)

    def _try_again(self, job: Job, failed: str) -> None:
        if not self._is_wanted():  # ended on purpose: no try of its own
            self._table.move(job.number, State.READY, told='the service stops', tries=job.tries - 1)
        elif job.tries < self._settings.model.tries:
            self._wait(job, failed)
        else:
            self._report_failure(job.number, failed)

    def _report_failure(self, number: int, failed: str) -> None:
        """Has a report sent that the algorithm failed; where none can be written, the job ends."""
        out = self._spool.begin_try(number, ()) / 'out'
        files = [self._spool.images / file for _, file in self._table.images_of(number)]
        model = self._table.job(number).model
        try:
            told = self._identity or identify_model(self._settings.model.name)
            identity = ModelIdentity(told.name, model, told.operating_points)
            written = write_failed_study(out, files, identity.request(self._settings.results)).files
        except Exception as error:  # damaged headers make pydicom raise all kinds
            _LOGGER.error('job %d: no report of the failure (%s)', number, type(error).__name__)
            written = []
        if written:
            enter_results(self._table, number, NOT_PREDICTED, self._keep(number, written), failed)
        else:
            self._table.move(
                number, State.FAILED, told='no report can be written', outcome=NOT_PREDICTED, reason=failed
            )
        shutil.rmtree(out.parent, ignore_errors=True)

    def _keep(self, number: int, files: Sequence[Path]) -> list[ResultFile]:
        """Gives results their place, on disk before this returns."""
        folder = self._spool.results(number)
        shutil.rmtree(folder, ignore_errors=True)
        kept = []
        for place, file in enumerate(sorted(files)):
            header = dcmread(file, stop_before_pixels=True)
            target = folder / f'{place:03d}-{file.name}'
            move_whole(file, target)
            kept.append(
                ResultFile(
                    str(target.relative_to(self._spool.jobs)),
                    str(header.SOPClassUID),
                    str(header.SOPInstanceUID),
                    str(header.SeriesInstanceUID),
                    str(header.StudyInstanceUID),
                    digest_file(target),
                )
            )
        sync(self._spool.job(number))
        sync(self._spool.jobs)
        return kept


def _nothing_written(files: Sequence[Path], notes: Sequence[str]) -> str:
    """Why a study that was predicted has no results at all; empty where that is as it should be."""
    return '' if files else '; '.join(notes)
