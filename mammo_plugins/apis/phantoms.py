"""Makes synthetic breast images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.settings import read_preset

RELEASES = ('bcs-dbt',)


def make_phantoms(
    out: str | Path,
    cases: int,
    seed: int,
    release: str = 'bcs-dbt',
    preset: str = 'demo',
    size: str | None = None,
    split: Sequence[float] = (0.6, 0.15, 0.25),
    workers: int = 1,
    overrides: Mapping[str, object] | None = None,
    on_patient: Callable[[int], None] | None = None,
) -> Path:
    """Writes a release of phantom breasts as DICOM with its tables.

    Args:
        out: folder, new or empty.
        cases: patients, each with two breasts in two views.
        seed: the same seed and settings give the same bytes, whatever ``workers`` is.
        release: whose layout and tables to write.
        preset: ``demo``, ``easy`` or ``full``.
        size: another image size than the preset's, ``demo``, ``full`` or ``ROWSxCOLUMNSxSLICES``.
        split: shares of patients in train, validation and test.
        workers: processes.
        overrides: settings by name, such as ``{'finding.malignant_share': 0.3}``.
        on_patient: called after each patient with the number done.

    Returns:
        The folder.

    Raises:
        ValueError: an unknown release, preset, size or setting, or a folder that is not empty.
    """
    if release not in RELEASES:
        raise ValueError(f'unknown release {release!r}: expected one of {", ".join(RELEASES)}')
    settings = read_preset(preset)
    if size is not None:
        settings = settings.resized(size)
    generate_release(Path(out), settings.override(overrides or {}), cases, seed, split, workers, on_patient)
    return Path(out)
