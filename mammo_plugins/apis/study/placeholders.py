"""What the stages of a study may hold beside references to each other: ``{data}``, ``{data.NAME}`` and ``{seed}``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from mammo_plugins.apis.stages.stage import Reference, resolve

DATA, SEED = 'data', 'seed'
T = TypeVar('T')


def fill_in(value: Any, annotations: Mapping[str, Path], seed: int) -> Any:
    """A value with the annotation file of the first (or a named) data set and the seed, however deep they are nested.

    Args:
        value: such as the fields of a stage.
        annotations: name of a data set to its annotation file. A single one that has no name stands for any.
        seed: of the run.

    Raises:
        ValueError: no such data set.
    """

    def text_of(reference: Reference) -> str:
        if reference.stage == DATA:
            return str(dataset_of(annotations, reference.file))
        return str(seed) if reference.stage == SEED and not reference.file else str(reference)

    return resolve(dict(value) if isinstance(value, Mapping) else value, text_of)


def dataset_of(datasets: Mapping[str, T], name: str | None) -> T:
    """What is known of a data set, such as its annotation file; of the first where no name is given.

    Raises:
        ValueError: no such data set.
    """
    if not name or [*datasets] == ['']:
        return next(iter(datasets.values()))
    if name not in datasets:
        raise ValueError(f'the preset has no data set {name!r}: it has {", ".join(datasets)}')
    return datasets[name]


def has_reference(value: Any) -> bool:
    """Whether a value refers to another stage or to the folder of its own, so that it is known only when that runs."""
    return resolve(value, lambda reference: '') != value
