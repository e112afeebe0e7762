"""One volume to one file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

import cv2

from mammo_plugins.datasets.parallel_reading import LOST
from mammo_plugins.datasets.synthesis import RECIPE, mammogram_from_slices, measure_slices
from mammo_plugins.io.dicom import DicomFile
from mammo_plugins.io.dicom_out import ComputedMammogram, computed_uid, write_computed_mammogram
from mammo_plugins.io.image_source import ImageSource, open_image
from mammo_plugins.io.slice_folder import DicomSlices
from mammo_plugins.io.source_digest import digest_source
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.structures import ViewKey

MADE, KEPT, LEFT_OUT = 'made', 'kept', 'left out'

_VALUES = 'none'
"""All stored bits, linearly: a window of the vendor would clip before the recipe does."""


@dataclass(frozen=True)
class VolumeJob:
    """What to compute.

    Attributes:
        path: the volume.
        size: (columns, rows, slices) that it is known to have.
        view: side and projection, such as ``L-CC``.
        folder: where the file goes.
        overwrite: compute it although it is there.
    """

    path: Path
    size: tuple[int, int, int]
    view: str
    folder: Path
    overwrite: bool = False


@dataclass(frozen=True)
class VolumeResult:
    """What became of a volume.

    Attributes:
        status: ``made``, ``kept`` (it was there) or ``left out``.
        file: the synthetic mammogram; None where the volume is left out.
        reason: why it is left out.
        doubts: what is odd about the volume's header.
    """

    status: str
    file: Path | None = None
    reason: str = ''
    doubts: tuple[str, ...] = ()


def run_job(job: VolumeJob) -> VolumeResult:
    """Computes one volume; whatever goes wrong is in the result."""
    if parent_process() is not None:
        cv2.setNumThreads(1)  # the processes share the cores
    try:
        return _synthesize(job)
    except UnreadableImageError as error:
        return VolumeResult(LEFT_OUT, reason=error.reason)
    except OSError as error:
        return VolumeResult(LEFT_OUT, reason=f'cannot be read or written: {error.strerror or type(error).__name__}')
    except Exception as error:  # decoders raise what they like; the text could quote a header
        return VolumeResult(LEFT_OUT, reason=f'cannot be computed ({type(error).__name__})')


def lost_job(job: VolumeJob) -> VolumeResult:
    """The result of a job that has ended its process."""
    return VolumeResult(LEFT_OUT, reason=LOST)


def _synthesize(job: VolumeJob) -> VolumeResult:
    source = open_image(job.path)
    header = source.header
    _check(job, source)
    uid = computed_uid(header.sop_instance_uid or digest_source(job.path), f'{RECIPE}; {job.view}')
    file = job.folder / f'{uid}.dcm'
    if not job.overwrite and _is_whole(file, uid):
        return VolumeResult(KEPT, file, doubts=header.doubts)
    statistics = measure_slices(source.iter_slices(voi=_VALUES))
    if statistics.is_constant:
        raise UnreadableImageError(job.path, 'all voxels are equal: there is nothing to see')
    pixels = mammogram_from_slices(source.iter_slices(voi=_VALUES), header.num_slices, statistics.grey_scale())
    instances = source.instances if isinstance(source, (DicomFile, DicomSlices)) else []
    write_computed_mammogram(file, ComputedMammogram(pixels, header, instances, ViewKey.parse(job.view), RECIPE), uid)
    return VolumeResult(MADE, file, doubts=header.doubts)


def _check(job: VolumeJob, source: ImageSource) -> None:
    header = source.header
    if header.modality != 'DBT':
        raise UnreadableImageError(job.path, header.modality_problem or f'is {header.modality}, not DBT')
    stored = (header.columns, header.rows, header.num_slices)
    if stored != job.size:
        sizes = ['{} x {} pixels and {} slices'.format(*size) for size in (stored, job.size)]
        raise UnreadableImageError(job.path, f'has {sizes[0]}, the annotation says {sizes[1]}: convert again')


def _is_whole(file: Path, uid: str) -> bool:
    """Whether a file is the one that would be written, down to its last pixel."""
    if not os.path.lexists(file):
        return False
    try:
        source = open_image(file)
        return source.header.sop_instance_uid == uid and next(iter(source.iter_slices())).size > 0
    except UnreadableImageError:
        return False
