"""``run.json`` beside every result: what ran, with what, for how long, and what came of it.

Files and folders go by their names: paths may say who somebody is. Importing this imports no torch.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.compat.diagnosis import REQUIREMENTS
from mammo_plugins.io.source_digest import digest_file
from mammo_plugins.io.whole_file import write_whole

MANIFEST = 'run.json'
_MAX_LEFT_OUT = 10_000  # of an archive; its table has all


@dataclass
class RunManifest:
    """What a command adds to its record.

    Attributes:
        model: of a run with one: name, version and digest, or config and digest of the weights.
        device: what computed.
        counts: cases, images, files by number.
        left_out: file to reason.
        annotations: of a run that reads an annotation file: name and SHA-256; of others, empty.
    """

    model: dict[str, Any] = field(default_factory=dict)
    device: str = ''
    counts: dict[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    def use_annotations(self, path: str | Path) -> None:
        """Notes which annotation file is read; one that is not there is left to whoever reads it."""
        if Path(path).is_file():
            self.annotations = {'file': Path(path).name, 'sha256': digest_file(path)}

    def use_device(self, device: str | None) -> None:
        """Notes what a model runs on: the device of that name, or the one that is taken without a name."""
        import torch

        from mammo_plugins.apis.inference import find_device

        place = find_device(device)
        self.device = f'{place} ({torch.cuda.get_device_name(place)})' if place.type == 'cuda' else str(place)


@contextmanager
def recorded_run(out: str | Path | None, command: str, settings: Mapping[str, Any]) -> Iterator[RunManifest]:
    """Writes the record of what the block does, also where that fails.

    Args:
        out: folder of the results, in which the record is called ``run.json``; of a file ``a.csv``, it is
            ``a.run.json`` beside it. A folder that is not there when the block ends gets none; None for no record.
        command: such as ``predict``.
        settings: arguments of the command.
    """
    manifest, begun, started = RunManifest(), time.perf_counter(), datetime.now(timezone.utc)
    error = ''
    try:
        yield manifest
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        if out is not None and _is_first_process():
            _write(Path(out), command, settings, manifest, started, time.perf_counter() - begun, error)


def _write(
    out: Path,
    command: str,
    settings: Mapping[str, Any],
    manifest: RunManifest,
    started: datetime,
    seconds: float,
    error: str,
) -> None:
    path = out / MANIFEST if out.is_dir() else out.with_suffix(f'.{MANIFEST}')
    if not path.parent.is_dir():
        return
    content = {
        'command': command,
        'settings': {name: _plain(value) for name, value in settings.items()},
        'started': started.isoformat(timespec='seconds'),
        'seconds': round(seconds, 3),
        'error': error,
        'model': manifest.model,
        'device': manifest.device,
        **({'annotations': manifest.annotations} if manifest.annotations else {}),
        'machine': {'system': platform.platform(), 'processor': platform.machine()},
        'versions': installed_versions(),
        'counts': manifest.counts,
        'left_out': [
            {'file': Path(name).name, 'reason': reason}
            for name, reason in islice(manifest.left_out.items(), _MAX_LEFT_OUT)
        ],
        'files': _files(out, path),
    }
    write_whole(path, json.dumps(content, indent=1) + '\n')


def _is_first_process() -> bool:
    """Whether this process is the one of a launcher that writes."""
    return os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0')) == '0'


def installed_versions() -> dict[str, str]:
    """Python, this project and the libraries that it stands on."""
    found = {'python': platform.python_version(), 'mammo_plugins': mammo_plugins.__version__}
    for requirement in REQUIREMENTS:
        for name in requirement.distributions:
            try:
                found[name] = version(name)
                break
            except PackageNotFoundError:
                continue
    return found


def _plain(value: Any) -> Any:
    """An argument without folders."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    if isinstance(value, (str, Path)):
        return Path(value).name if '/' in str(value) or '\\' in str(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, float)) else repr(value)


def _files(out: Path, manifest: Path) -> list[dict[str, Any]]:
    """Every file of a folder by name, size and SHA-256, and every folder in it by the number of its files."""
    entries = sorted(out.iterdir()) if out.is_dir() else [out] if out.is_file() else []
    described: list[dict[str, Any]] = []
    for entry in entries:
        if entry.is_dir():
            described.append({'name': f'{entry.name}/', 'files': sum(1 for one in entry.rglob('*') if one.is_file())})
        elif entry != manifest and entry.is_file():
            described.append({'name': entry.name, 'bytes': entry.stat().st_size, 'sha256': digest_file(entry)})
    return described
