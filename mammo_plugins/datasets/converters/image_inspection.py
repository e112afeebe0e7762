"""Looks into many image files at once: header, and which way the pixels lie."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mammo_plugins.io import ImageSource, MammogramHeader, UnreadableImageError, chest_wall_side, open_image
from mammo_plugins.structures import Laterality

_MIN_IMAGES_A_PROCESS = 32  # below it, starting a process takes longer than reading the images
_CHUNK = 8


@dataclass(frozen=True)
class InspectedImage:
    """What a file holds, or why it cannot be used.

    Attributes:
        header: None where the file cannot be used.
        rotated_180: whether the chest wall lies on the other side than the breast's; False where not looked at.
        problem: None where the file can be used.
    """

    header: MammogramHeader | None
    rotated_180: bool = False
    problem: str | None = None


def inspect_images(
    paths: Sequence[Path],
    sides: Sequence[Laterality | None],
    workers: int | None = None,
    show_progress: bool = True,
) -> list[InspectedImage]:
    """Reads each header and, where a side is given, one middle slice.

    A left breast is shown with its chest wall on the left and a right one on the right. Where the pixels have it on the
    other side, the whole image is turned by 180 degrees; the release's own reader tells by the sums of the outermost
    columns, and its boxes are drawn in the frame that results.

    Args:
        paths: image files.
        sides: the breast's side for each, by the release's table; None spares decoding a slice.
        workers: processes; one for each processor, and no more than the work is worth, where None.
        show_progress: a bar with the remaining time on standard error.

    Returns:
        One for each path, in order.
    """
    processes = max(1, min(workers or os.cpu_count() or 1, len(paths) // _MIN_IMAGES_A_PROCESS))
    jobs = list(zip(paths, sides, strict=True))
    results = _run(jobs, processes)
    if show_progress:
        results = track(results, 'Reading images', total=len(jobs), console=Console(stderr=True))
    return list(results)


def _run(jobs: list[tuple[Path, Laterality | None]], processes: int) -> Iterator[InspectedImage]:
    if processes == 1:
        yield from map(_inspect, jobs)
        return
    # A fresh interpreter: forking a process that runs threads (torch, BLAS) may hang.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context('spawn')) as pool:
        yield from pool.map(_inspect, jobs, chunksize=_CHUNK)


def _inspect(job: tuple[Path, Laterality | None]) -> InspectedImage:
    path, side = job
    try:
        source = open_image(path)
        if source.header.pixel_problem:
            return InspectedImage(None, problem=source.header.pixel_problem)
        rotated = side is not None and _is_rotated(source, side)
    except UnreadableImageError as error:
        return InspectedImage(None, problem=error.reason)
    return InspectedImage(source.header, rotated)


def _is_rotated(source: ImageSource, side: Laterality) -> bool:
    # Stored values, not windowed ones: the first and last column of a breast may be saturated by a window.
    (middle,) = source.iter_slices([source.header.num_slices // 2], voi='none')
    return chest_wall_side(middle, edge_columns=1) != ('left' if side is Laterality.LEFT else 'right')
