"""What runs in the worker process: the model, loaded once, and one study at a time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from mammo_plugins.datasets.worker_processes import end_with_parent

from .library_messages import hush_libraries
from .settings import ServeSettings


class PredictedFiles(Protocol):
    """See :class:`~mammo_plugins.apis.predict.resident.ResidentResult`."""

    files: list[Path]
    notes: list[str]
    failed: str


class Predictor(Protocol):
    """See :class:`~mammo_plugins.apis.predict.resident.ResidentPredictor`."""

    digest: str

    def predict(self, source: Path, out: Path) -> PredictedFiles: ...


MakePredictor = Callable[[ServeSettings], Predictor]


@dataclass(frozen=True)
class Answer:
    """What a worker says of a study.

    Attributes:
        files: of results.
        notes: what was not written, and why.
        failed: why it could not be predicted; empty where it could.
    """

    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    failed: str = ''


def load_predictor(settings: ServeSettings) -> Any:
    """The model of the settings."""
    from mammo_plugins.apis.predict.resident import ResidentPredictor  # loads torch, which the service does without

    model = settings.model
    return ResidentPredictor(model.name, model.device or None, settings.results.kinds, settings.results.settings)


def work(connection: Connection, make_predictor: MakePredictor, settings: ServeSettings) -> None:
    """Loads the model, says its digest, and answers until the connection ends."""
    # The service decides when this process ends; a terminal or service manager signals both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hush_libraries()
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        predictor = make_predictor(settings)
    except Exception as error:
        connection.send(Answer(failed=_reason(error)))
        return
    connection.send(predictor.digest)
    while True:
        try:
            source, out = connection.recv()
        except EOFError:
            return
        connection.send(_predict(predictor, source, out))


def _predict(predictor: Predictor, source: Path, out: Path) -> Answer:
    try:
        found = predictor.predict(source, out)
    except Exception as error:  # one study; the next one may work
        return Answer(failed=_reason(error))
    return Answer(tuple(found.files), tuple(found.notes), found.failed)


def _reason(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'
