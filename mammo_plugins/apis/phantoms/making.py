"""Makes synthetic breast images."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import Progress

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.datasets.phantom.bcs_dbt_release import FindingRow
from mammo_plugins.datasets.phantom.exam import write_exam
from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.releases import RELEASE_WRITERS
from mammo_plugins.datasets.phantom.settings import read_preset

OWN_LAYOUT = 'bcs-dbt'  # with the project's own tables beside those of BCS-DBT
RELEASES = (OWN_LAYOUT, *RELEASE_WRITERS)


def make_phantoms(
    out: str | Path,
    cases: int,
    seed: int,
    release: str = OWN_LAYOUT,
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
        release: whose layout and tables to write, see :data:`RELEASES`. All but ``bcs-dbt`` hold the images and facts
            that the public release has, and no more.
        preset: name of one of :data:`~mammo_plugins.datasets.phantom.settings.PRESETS`.
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
    out, settings = Path(out), settings.override(overrides or {})
    if release == OWN_LAYOUT:
        generate_release(out, settings, cases, seed, split, workers, on_patient)
        return out
    if out.exists() and any(out.iterdir()):
        raise ValueError(f'{out} is not empty: give a new folder, or delete this one first')
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f'.{out.name}-') as source:
        record = generate_release(Path(source), settings, cases, seed, split, workers, on_patient)
        RELEASE_WRITERS[release](Path(source), out, record.images, record.findings, seed)
    return out


def make_exam(
    out: str | Path,
    seed: int = 0,
    modalities: Sequence[str] = ('FFDM',),
    preset: str = 'demo',
    size: str | None = None,
) -> list[FindingRow]:
    """Writes one exam as a hospital sends it: both breasts in two views, with findings, as DICOM files alone.

    Args:
        out: folder, new or empty.
        seed: the same seed gives the same bytes.
        modalities: of each view, ``FFDM``, ``DBT`` or ``SM``.
        preset, size: as for :func:`make_phantoms`.

    Returns:
        The findings, one entry an image that shows it.

    Raises:
        ValueError: an unknown preset or size, or a folder that is not empty.
    """
    settings = read_preset(preset)
    return write_exam(Path(out), settings if size is None else settings.resized(size), seed, modalities)


def prepare_phantoms(
    root: Path,
    cases: int,
    seed: int,
    split: Sequence[float],
    workers: int | None = None,
    overrides: Mapping[str, object] | None = None,
    size: str | None = None,
    preset: str = 'demo',
) -> Path:
    """Phantoms in ``root/phantoms`` and their annotation file ``root/phantoms.json``.

    They are kept from a finished run with the same arguments. Those of other arguments, or of a run that was
    interrupted, are made again.

    Args:
        root: the folder.
        cases, seed, split, overrides, size, preset: as for :func:`make_phantoms`.
        workers: processes, all cores by default.

    Returns:
        The annotation file.
    """
    phantoms, annotations, done = root / 'phantoms', root / 'phantoms.json', root / 'phantoms.done'
    settings = read_preset(preset) if size is None else read_preset(preset).resized(size)
    settings = settings.override(overrides or {})
    wanted = json.dumps({'cases': cases, 'seed': seed, 'split': list(split), 'settings': settings.as_dict()})
    if not (done.is_file() and done.read_text() == wanted):
        done.unlink(missing_ok=True)
        shutil.rmtree(phantoms, ignore_errors=True)
        with Progress() as progress:
            task = progress.add_task('patients', total=cases)
            make_phantoms(
                phantoms,
                cases,
                seed,
                preset=preset,
                size=size,
                split=split,
                workers=workers or os.cpu_count() or 1,
                overrides=overrides,
                on_patient=lambda number: progress.update(task, completed=number),
            )
        convert_dataset('phantom', phantoms, annotations)
        done.write_text(wanted)
    return annotations


def phantom_options(root: Path) -> dict[str, object]:
    """Overrides that point a config to the phantoms of :func:`prepare_phantoms`."""
    loaders = {f'{name}_dataloader.dataset.data_root': f'{root}/' for name in ('train', 'val', 'test')}
    evaluators = {f'{name}_evaluator.ann_file': str(root / 'phantoms.json') for name in ('val', 'test')}
    return {**loaders, **evaluators}
