"""The worker process as the service sees it: started, asked, ended when it takes too long."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from .settings import ServeSettings
from .worker import Answer, MakePredictor, work

_CONTEXT = multiprocessing.get_context('spawn')  # a fork would copy threads and locks of the receiver
_LOOK_SECONDS = 0.2
_END_SECONDS = 10.0


class WorkerError(RuntimeError):
    """The worker crashed, took too long, or was ended."""


class WorkerProcess:
    """Runs a worker; a new one where the last ended.

    Args:
        settings: of the service.
        make_predictor: a function of a module, called in the worker.
        is_wanted: whether to go on waiting for the worker.
    """

    def __init__(
        self, settings: ServeSettings, make_predictor: MakePredictor, is_wanted: Callable[[], bool] = lambda: True
    ) -> None:
        self._settings, self._make, self._is_wanted = settings, make_predictor, is_wanted
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self.digest = ''
        self.starts = 0

    @property
    def is_loaded(self) -> bool:
        """Whether it runs and has its model."""
        return self._process is not None and self._process.is_alive() and bool(self.digest)

    def start(self) -> None:
        """Starts the process and waits for its model; nothing where it runs.

        Raises:
            WorkerError: the model cannot be loaded.
        """
        if self.is_loaded:
            return
        self.end()
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=work, args=(theirs, self._make, self._settings), name='mammo-worker', daemon=True
        )
        self._process.start()
        theirs.close()  # so that the connection ends when the worker does
        self.starts += 1
        loaded = self._receive(self._settings.model.time_limit_seconds)
        if isinstance(loaded, Answer):
            self.end()
            raise WorkerError(f'the model cannot be loaded: {loaded.failed}')
        self.digest = loaded

    def predict(self, source: Path, out: Path) -> Answer:
        """What the worker says of a folder.

        Raises:
            WorkerError: it crashed or took longer than it may; it is ended then.
        """
        if self._connection is None:
            raise WorkerError('the worker was not started')
        try:
            self._connection.send((source, out))
        except OSError as error:
            self.end()
            raise WorkerError('the worker ended before it was asked') from error
        answer = self._receive(self._settings.model.time_limit_seconds)
        return answer if isinstance(answer, Answer) else Answer(failed='the worker gave no answer')

    def end(self) -> None:
        """Ends the process, whatever it does."""
        process, self._process, self.digest = self._process, None, ''
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if process is not None:
            process.kill()
            process.join(_END_SECONDS)

    def _receive(self, seconds: float) -> object:
        connection, process, limit = self._connection, self._process, time.monotonic() + seconds
        assert connection is not None and process is not None
        try:
            while not connection.poll(_LOOK_SECONDS):
                if time.monotonic() > limit:
                    raise WorkerError(f'took longer than {seconds:g} s')
                if not self._is_wanted():
                    raise WorkerError('the service stops')
                if not process.is_alive() and not connection.poll():
                    raise EOFError
            return connection.recv()
        except (EOFError, OSError):  # killed with a request that it had not read, it resets the connection
            process.join(_END_SECONDS)
            code = process.exitcode
            self.end()
            raise WorkerError(f'the worker crashed (exit code {code})') from None
        except WorkerError:
            self.end()
            raise
