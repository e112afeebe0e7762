"""De-identifies the files of a folder."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.apis.found_images.left_out_table import write_left_out
from mammo_plugins.datasets.parallel_reading import read_in_parallel
from mammo_plugins.io.source_walk import printable_path, walk_source

_TWO_OBJECTS = 'another file has the same SOP Instance UID and other content'


@dataclass(frozen=True)
class DeidentificationRun:
    """What was written.

    Attributes:
        folder: of the de-identified files.
        images, others: images; reports, marks and segmentations.
        repeated: files that are the same object as another one.
        left_out: file to reason.
        doubts: file to what is odd about it.
        table: both as a CSV, beside the folder: paths of files may name patients.
    """

    folder: Path
    images: int
    others: int
    repeated: int
    left_out: dict[str, str]
    doubts: dict[str, str]
    table: Path


def deidentify(
    source: str | Path,
    out: str | Path,
    *,
    key: str | Path | None = None,
    workers: int | None = None,
    show_progress: bool = True,
) -> DeidentificationRun:
    """Writes the DICOM files of a source without what identifies patients and people.

    UIDs, ids and dates are replaced under a key: alike in all files, and in another run with the same key. Pixel data
    stay as they are. What cannot be freed of what identifies is left out and named. One bad file never ends the run.

    Args:
        source: file or folder.
        out: folder, new or empty; gets STUDY/SERIES/INSTANCE.dcm by the new UIDs.
        key: file of the key, made where it does not exist; without one, a key that nobody keeps.
        workers: processes; one for each processor where None, this process itself where 0.
        show_progress: a bar on standard error.

    Raises:
        FileNotFoundError, ValueError: no source, nothing that could be written, or a folder or key at a wrong place.
        ModuleNotFoundError: dicognito is missing.
    """
    source, out = Path(source), Path(out)
    secret = _key_of(source, out, None if key is None else Path(key))
    from .file_job import FileJob, lost_job, run_job

    walk = walk_source(source)
    results = read_in_parallel(
        run_job,
        jobs := [FileJob(path, out, secret) for path in walk.files],
        lost_job,
        workers=os.cpu_count() or 1 if workers is None else workers,
        title='De-identifying',
        show_progress=show_progress,
        at_once=1,
    )
    left_out = {str(job.path): result.reason for job, result in zip(jobs, results) if result.file is None}
    left_out.update(walk.problems)
    written = {str(job.path): result for job, result in zip(jobs, results) if result.file is not None}
    for path in _of_two_objects({path: (result.file, result.digest) for path, result in written.items()}):
        written.pop(path).file.unlink(missing_ok=True)
        left_out[path] = _TWO_OBJECTS
    doubts = {path: result.doubt for path, result in written.items() if result.doubt}
    table = write_left_out(out.parent / f'{out.name}-left-out.csv', left_out, doubts)
    if not written:
        reasons = ''.join(f'\n    {printable_path(path)}: {reason}' for path, reason in sorted(left_out.items()))
        raise ValueError(f'no file in {printable_path(source)} could be de-identified:{reasons}')
    files = {result.file: result.is_image for result in written.values()}
    return DeidentificationRun(
        folder=out,
        images=sum(files.values()),
        others=len(files) - sum(files.values()),
        repeated=len(written) - len(files),
        left_out=left_out,
        doubts=doubts,
        table=table,
    )


def _key_of(source: Path, out: Path, key: Path | None) -> bytes:
    """The key, once everything lies where it may."""
    try:
        from mammo_plugins.io.deidentify import random_key, read_or_make_key
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "de-identifying needs dicognito: pip install 'mammo_plugins[deidentify]'", name=error.name
        ) from error
    if out.exists() and any(out.iterdir()):
        raise ValueError(f'{out} is not empty: give a new folder, or delete this one first')
    if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise ValueError(f'{out} lies in the source: give a folder beside it')
    if key is None:
        return random_key()
    if key.resolve().is_relative_to(out.resolve()):
        raise ValueError(f'{key} lies in the folder that is to be shared: who has the key can tell patients again')
    if not source.exists():
        raise FileNotFoundError(f'{source} does not exist: give a DICOM file or a folder of them')
    return read_or_make_key(key)


def _of_two_objects(written: dict[str, tuple[Path, str]]) -> list[str]:
    """Source files whose results would have one name and differ: which of them stands there now is chance."""
    digests = defaultdict(set)
    for file, digest in written.values():
        digests[file].add(digest)
    return [path for path, (file, _) in written.items() if len(digests[file]) > 1]
