"""Computes the synthetic mammograms of a source."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.apis.found_images.left_out_table import write_left_out
from mammo_plugins.datasets.parallel_reading import read_in_parallel
from mammo_plugins.io import write_annotations
from mammo_plugins.io.source_walk import printable_path

from .paired_annotations import pair_annotations
from .volume_job import KEPT, LEFT_OUT, MADE, VolumeJob, VolumeResult, lost_job, run_job
from .volumes import SourceVolumes, find_volumes

ANNOTATIONS, IMAGES, LEFT_OUT_TABLE = 'annotations.json', 'images', 'left_out.csv'


@dataclass(frozen=True)
class SynthesisRun:
    """What was computed.

    Attributes:
        annotations: annotation file with the volumes and their synthetic mammograms.
        made: synthetic mammograms that were computed now.
        kept: those that were there, whole.
        paired: volumes whose view has a synthetic mammogram in the source.
        left_out: file to reason, for volumes that have none, and files that are no usable image.
        doubts: file to what is odd about it.
        notes: what told patients apart, where files of the user were looked through.
        table: ``left_out.csv``, files left out and those in doubt.
    """

    annotations: Path
    made: int
    kept: int
    paired: int
    left_out: dict[str, str]
    doubts: dict[str, str]
    notes: list[str]
    table: Path


def synthesize(
    source: str | Path,
    out: str | Path,
    *,
    overwrite: bool = False,
    workers: int | None = None,
    show_progress: bool = True,
) -> SynthesisRun:
    """Computes a synthetic mammogram of each volume and writes it as DICOM, with an annotation file of both.

    A volume is read twice, slice by slice, and nine slices are in memory. A file that is there and whole is kept, so a
    run that was stopped goes on where it was. One bad volume never ends it.

    Args:
        source: annotation file, or DICOM file or folder as for ``mammo predict``.
        out: folder for ``images/``, ``annotations.json`` and ``left_out.csv``.
        overwrite: compute those again that are there.
        workers: processes, one a volume; all cores by default, this process itself where 0.
        show_progress: a bar on standard error.

    Raises:
        FileNotFoundError, ValueError: no source, no volume in it, or none that anything could be computed from; ``out``
            lies in the folder that is looked through.
    """
    out = Path(out)
    if (out / ANNOTATIONS).exists() and Path(source).exists() and (out / ANNOTATIONS).samefile(source):
        raise ValueError(f'{out / ANNOTATIONS} is the source itself: give another folder with --out')
    if Path(source).is_dir() and out.resolve().is_relative_to(Path(source).resolve()):
        raise ValueError(f'{out} lies in the source, and its files would be taken for images: give a folder beside it')
    volumes = find_volumes(source)
    jobs = [_job(volumes, number, out, overwrite) for number in range(len(volumes.wanted))]
    results = read_in_parallel(
        run_job,
        jobs,
        lost_job,
        workers=os.cpu_count() or 1 if workers is None else workers,
        title='Computing',
        show_progress=show_progress,
        at_once=1,
    )
    return _write(volumes, jobs, results, out)


def _job(volumes: SourceVolumes, number: int, out: Path, overwrite: bool) -> VolumeJob:
    volume = volumes.wanted[number]
    size = (volume.width, volume.height, volume.num_slices)
    return VolumeJob(volumes.annotations.resolve_path(volume), size, volume.view, out / IMAGES, overwrite)


def _write(volumes: SourceVolumes, jobs: list[VolumeJob], results: list[VolumeResult], out: Path) -> SynthesisRun:
    left_out, doubts = dict(volumes.left_out), dict(volumes.doubts)
    for job, result in zip(jobs, results, strict=True):
        if result.status == LEFT_OUT:
            left_out[str(job.path)] = result.reason
        if result.doubts:
            doubts.setdefault(str(job.path), '; '.join(result.doubts))
    table = write_left_out(out / LEFT_OUT_TABLE, left_out, doubts)
    done = {volume.id: result for volume, result in zip(volumes.wanted, results, strict=True)}
    files = {number: result.file for number, result in done.items() if result.file is not None}
    if not files and not volumes.paired:
        reasons = ''.join(f'\n    {printable_path(path)}: {reason}' for path, reason in left_out.items())
        raise ValueError(f'no synthetic mammogram could be computed:{reasons}')
    reasons_by_id = {number: result.reason for number, result in done.items() if result.file is None}
    annotations = pair_annotations(volumes, files, reasons_by_id, out / ANNOTATIONS)
    write_annotations(out / ANNOTATIONS, annotations)
    states = [result.status for result in results]
    return SynthesisRun(
        annotations=out / ANNOTATIONS,
        made=states.count(MADE),
        kept=states.count(KEPT),
        paired=len(volumes.paired),
        left_out=left_out,
        doubts=doubts,
        notes=volumes.notes,
        table=table,
    )
