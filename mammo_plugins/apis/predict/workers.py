"""Predicting with several processes of this machine or of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import torch

from mammo_plugins.apis.dask_workers import dask_client

from .study_index import StudyIndex
from .study_parts import StudyParts, StudyRecord
from .study_prediction import PredictorSettings, StudyPredictor

_STUDIES_A_TASK = 4
_TASKS_AHEAD = 4  # a worker: an archive of any size keeps few tasks in memory


def predict_on_workers(
    settings: PredictorSettings, numbers: Sequence[int], workers: int, scheduler: str | None
) -> Iterator[StudyRecord]:
    """The records of studies as they are done, in any order.

    Args:
        settings: the folder of the run and the source must have the same path on all machines.
        numbers: of the studies.
        workers: processes of this machine; of no effect with a scheduler.
        scheduler: address of a Dask scheduler.
    """
    size = max(_STUDIES_A_TASK, settings.batch_size)
    tasks = iter([numbers[start : start + size] for start in range(0, len(numbers), size)])
    with dask_client(workers, scheduler, 'cache') as client:
        from distributed import as_completed

        def submit(task: Sequence[int]) -> object:
            return client.submit(_predict_numbers, settings, list(task), pure=False, retries=2)

        ahead = _TASKS_AHEAD * max(1, len(client.scheduler_info()['workers']))
        running = as_completed([submit(task) for task in islice(tasks, ahead)])
        parts = StudyParts(Path(settings.out))
        for future in running:
            for number in future.result():
                yield parts.record(number)
            for task in islice(tasks, 1):
                running.add(submit(task))


def _predict_numbers(settings: PredictorSettings, numbers: list[int]) -> list[int]:
    """Runs in a worker; a task that is run again after a crash leaves alone what is done."""
    parts, index, predictor = _predictor(settings.key())
    left = (index.study(number) for number in numbers if not parts.is_done(number))
    for _ in predictor.predict(left):
        pass
    return numbers


@lru_cache(maxsize=1)
def _predictor(key: str) -> tuple[StudyParts, StudyIndex, StudyPredictor]:
    settings = PredictorSettings.of_key(key)
    torch.set_num_threads(1)  # as many processes as cores
    parts = StudyParts(Path(settings.out))
    return parts, StudyIndex(parts.index_path), StudyPredictor(settings)
