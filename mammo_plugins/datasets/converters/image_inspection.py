"""Looks into many image files at once: header, and which way the pixels lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.datasets.parallel_reading import LOST, read_in_parallel
from mammo_plugins.io import ImageSource, MammogramHeader, UnreadableImageError, open_image
from mammo_plugins.io.orientation import decide_way_up, is_sideways, is_stored_turned
from mammo_plugins.structures import Laterality

_Job = tuple[Path, Laterality | None, bool, int | None]


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
    modality_known: bool = False,
    edge_columns: int | None = None,
) -> list[InspectedImage]:
    """Reads each header and, where a side is given, one middle slice.

    A left breast is shown with its chest wall on the left and a right one on the right. Where the pixels have it on the
    other side, the whole image is turned by 180 degrees, or mirrored.

    Args:
        paths: image files.
        sides: the breast's side for each, by the release's table; None spares decoding a slice.
        workers: processes; one for each processor, and no more than the work is worth, where None.
        show_progress: a bar with the remaining time on standard error.
        modality_known: the release's table tells FFDM from SM, so that a header that does not is no problem.
        edge_columns: by which the side of the chest wall is told where a release has a rule of its own, see
            :func:`~mammo_plugins.io.orientation.chest_wall_side`.

    Returns:
        One for each path, in order.
    """
    jobs = [(path, side, modality_known, edge_columns) for path, side in zip(paths, sides, strict=True)]
    return read_in_parallel(
        _inspect, jobs, _lost_image, workers=workers, title='Reading images', show_progress=show_progress
    )


def _inspect(job: _Job) -> InspectedImage:
    path, side, modality_known, edge_columns = job
    try:
        source = open_image(path)
        header = source.header
        unknown = None if modality_known else header.modality_problem
        if problem := header.unfit or unknown or header.pixel_problem or _find_sideways(source):
            return InspectedImage(None, problem=problem)
        rotated = side is not None and _is_rotated(source, side, edge_columns)
    except UnreadableImageError as error:
        return InspectedImage(None, problem=error.reason)
    return InspectedImage(source.header, rotated)


def _lost_image(job: _Job) -> InspectedImage:
    return InspectedImage(None, problem=LOST)


def _find_sideways(source: ImageSource) -> str | None:
    """Pixels are decoded only where the header says that the image lies on its side."""
    if not is_sideways(source.header.patient_orientation):
        return None
    (middle,) = source.iter_slices([source.header.num_slices // 2])
    return decide_way_up(middle, patient_orientation=source.header.patient_orientation).problem


def _is_rotated(source: ImageSource, side: Laterality, edge_columns: int | None) -> bool:
    (middle,) = source.iter_slices([source.header.num_slices // 2], voi='none')
    return is_stored_turned(middle, side, edge_columns)
