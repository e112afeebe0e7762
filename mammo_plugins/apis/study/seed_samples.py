"""The numbers of a seed with their replicates, in a file: seeds are run on several machines and gathered."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_plugins.evaluation.number_samples import NumberSample
from mammo_plugins.io.whole_file import whole_file

from .readings import Average
from .results import SeedSamples, average_of
from .study import Study


@dataclass(frozen=True)
class SampledSeed:
    """What a seed gave.

    Attributes:
        seed: the seed.
        about: name, preset and sizes of the study, as in ``study.json``.
        bootstrap: replicates R.
        digests: stage to the digest of what it ran, see :meth:`~.seed_folder.SeedFolder.digests`.
        seconds: row, or what rows share, to seconds by clock.
        samples: the numbers of its finished rows.
    """

    seed: int
    about: Mapping[str, Any]
    bootstrap: int
    digests: Mapping[str, str]
    seconds: Mapping[str, Mapping[str, float]]
    samples: SeedSamples

    @property
    def rows(self) -> set[str]:
        """Names of the rows that are finished."""
        return {row for row, _ in self.samples}


def write_samples(sampled: SampledSeed, study: Study, path: Path) -> None:
    """Writes a seed's numbers; replicates as float32, and means of readings not at all.

    Args:
        sampled: the seed.
        study: its rows.
        path: ``.npz``.
    """
    averages = {(row.name, one.name) for row in study.rows for one in row.readings if isinstance(one, Average)}
    entries = [
        (row, reading, number, sample)
        for (row, reading), numbers in sampled.samples.items()
        if (row, reading) not in averages
        for number, sample in numbers.items()
    ]
    nothing = np.full(sampled.bootstrap, np.nan)
    replicates = [nothing if one.replicates is None else one.replicates for *_, one in entries]
    about = {
        'seed': sampled.seed,
        'about': dict(sampled.about),
        'bootstrap': sampled.bootstrap,
        'digests': dict(sampled.digests),
        'seconds': dict(sampled.seconds),
        'numbers': [[*names, one.missing, one.replicates is not None] for *names, one in entries],
    }
    with whole_file(path) as unfinished:
        np.savez_compressed(
            unfinished,
            about=np.array(json.dumps(about)),
            values=np.array([one.value for *_, one in entries], np.float64),
            replicates=np.array(replicates, np.float32).reshape(len(entries), sampled.bootstrap),
        )


def read_samples(path: str | Path, study: Study) -> SampledSeed:
    """Reads what :func:`write_samples` wrote.

    Args:
        path: the file.
        study: the rows, for the means of readings.

    Raises:
        ValueError: it is no such file, or of another study's rows.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            about = json.loads(str(content['about']))
            values, replicates = content['values'], content['replicates'].astype(np.float64)
        numbers = about['numbers']
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path} holds no numbers of a study (seedK-samples.npz): {error}') from error
    samples: dict[tuple[str, str], dict[str, NumberSample]] = {}
    for (row, reading, number, missing, has_replicates), value, drawn in zip(numbers, values, replicates):
        sample = NumberSample(float(value), drawn if has_replicates else None, missing)
        samples.setdefault((row, reading), {})[number] = sample
    for row in study.rows:
        found = {reading: numbers for (name, reading), numbers in samples.items() if name == row.name}
        for reading in row.readings if found else ():
            if isinstance(reading, Average):
                found[reading.name] = average_of(reading, found)
                samples[row.name, reading.name] = found[reading.name]
    return SampledSeed(about['seed'], about['about'], about['bootstrap'], about['digests'], about['seconds'], samples)
