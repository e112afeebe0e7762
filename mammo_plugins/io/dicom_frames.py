"""Where the frames of a multi-frame object lie along its stack."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .dicom_tags import DicomTags

MIN_POSITION_STEP_MM = 1e-3
POSITION_ROUNDING_MM = 1e-6
"""Positions are decimal texts: what is a micrometre apart by them may be a little more or less as numbers."""
_UNEVEN_SHARE = 0.2  # of the median distance that a step may differ by before it is said

_GROUPS = ('PerFrameFunctionalGroupsSequence', 'SharedFunctionalGroupsSequence')


def positions_along_stack(
    points_mm: npt.NDArray[np.float64], directions: npt.NDArray[np.float64] | None
) -> npt.NDArray:
    """(n,) positions in mm of slices along their stack, which in MLO and ML views does not run along z.

    Args:
        points_mm: (n, 3) Image Position (Patient).
        directions: (6,) Image Orientation (Patient), or None where unknown: then the axis of largest extent counts,
            the first of those that are equal but for rounding.
    """
    if directions is not None:
        return points_mm @ np.cross(directions[:3], directions[3:])
    extents = np.ptp(points_mm, axis=0)
    return points_mm[:, np.flatnonzero(extents >= extents.max() - POSITION_ROUNDING_MM)[0]]


def is_one_position(distance_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether slices so far apart lie at the same position: up to a micrometre, whatever the last digit is."""
    return np.asarray(distance_mm) <= MIN_POSITION_STEP_MM + POSITION_ROUNDING_MM


def doubt_distances(positions_mm: npt.NDArray[np.float64], what: str) -> str | None:
    """That slices lie unevenly along their stack; None where they do not, or where all have one position.

    Args:
        positions_mm: (n,) in order.
        what: they are called, in the plural.
    """
    if len(positions_mm) < 2 or is_one_position(np.ptp(positions_mm)):
        return None
    steps = np.abs(np.diff(positions_mm))
    usual = np.median(steps)
    if (np.abs(steps - usual) <= _UNEVEN_SHARE * usual + POSITION_ROUNDING_MM).all():
        return None
    return f'{what} lie unevenly, {steps.min():.2f} to {steps.max():.2f} mm apart'


def doubt_frame_distances(tags: DicomTags) -> str | None:
    """See :func:`doubt_distances`. None is missing: the object is one file, so that it is read all the same."""
    positions = frame_positions(tags)
    return None if positions is None else doubt_distances(positions, 'frames')


def frame_positions(tags: DicomTags) -> npt.NDArray[np.float64] | None:
    """(n,) positions in mm of the stored frames, or None where not every frame has one.

    Source: DICOM PS3.3 C.7.6.16.2.3 (Plane Position).
    """
    planes = [frame.first_item('PlanePositionSequence') for frame in tags.items('PerFrameFunctionalGroupsSequence')]
    points = [() if plane is None else plane.numbers('ImagePositionPatient') for plane in planes]
    if len(points) < 2 or any(len(point) != 3 for point in points):
        return None
    directions = frame_directions(tags)
    return positions_along_stack(np.asarray(points, dtype=np.float64), np.asarray(directions) if directions else None)


def frame_directions(tags: DicomTags) -> tuple[float, ...]:
    """Image Orientation (Patient) of the first frame, six cosines; empty where no frame has one.

    Source: DICOM PS3.3 C.7.6.16.2.4 (Plane Orientation).
    """
    planes = [tags.first_item(group, 'PlaneOrientationSequence') for group in _GROUPS]
    cosines = [plane.numbers('ImageOrientationPatient') for plane in planes if plane is not None]
    return next((numbers for numbers in cosines if len(numbers) == 6), ())


def find_frame_order_problem(tags: DicomTags) -> str | None:
    """Why the frames are no stack from one side to the other; None where they are, or where positions do not tell.

    BCS-DBT gives all frames one position. Slice numbers of findings are those of the stored frames, so frames are
    refused here and not sorted.
    """
    positions = frame_positions(tags)
    if positions is None or is_one_position(np.ptp(positions)):
        return None
    steps = np.diff(positions)
    if (close := is_one_position(np.diff(np.sort(positions)))).any():
        first, second = np.argsort(positions, kind='stable')[int(np.flatnonzero(close)[0]) :][:2]
        return (
            f'frames {min(first, second)} and {max(first, second)} (from 0) have the same position: two acquisitions '
            'in one object are to be split first'
        )
    if (steps > 0).all() or (steps < 0).all():
        return None
    turn = int(np.flatnonzero(np.sign(steps) != np.sign(steps[0]))[0])
    return (
        f'the frames are stored in another order than their positions (the first turn is at frame {turn}, from 0): '
        'write them in the order of their positions first'
    )
