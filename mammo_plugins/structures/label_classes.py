"""How labels with classes are spelled, and the numbers that data sets give for them.

A class of a prediction may join several values of the annotation file: ``density=A/B`` against ``density=C/D``.
"""

from __future__ import annotations

from collections.abc import Sequence

DENSITIES = ('A', 'B', 'C', 'D')
"""Breast composition; a data set's label counts from 1."""
BIRADS_GRADES = ('1', '2', '3', '0', '4', '4A', '4B', '4C', '5', '6')
"""Assessments from harmless to proven, 4 without its letter among them; the label ``mass_birads`` counts from 0."""

_JOINED = '/'


def joined_values(name: str) -> tuple[str, ...]:
    """``('A', 'B')`` of the class ``A/B``."""
    return tuple(name.split(_JOINED))


def class_of(value: str, classes: Sequence[str]) -> int | None:
    """The position of the class that a value of the annotation file belongs to; None where it belongs to none."""
    return next((index for index, name in enumerate(classes) if value in joined_values(name)), None)


def class_numbers(label: str, name: str) -> tuple[float, ...]:
    """What ``gt_labels`` of a sample may hold for a class, such as ``(1.0, 2.0)`` for the density ``A/B``.

    Args:
        label: ``density``, ``mass_birads``, or a label whose values are numbers, such as ``birads`` (0 to 6).
        name: of the class.

    Raises:
        ValueError: the label has no such value.
    """
    try:
        return tuple(_number(label, value) for value in joined_values(name))
    except ValueError as error:
        raise ValueError(f'label {label} has no class {name!r}: {error}') from error


def _number(label: str, value: str) -> float:
    if label == 'density':
        return 1.0 + DENSITIES.index(value)
    if label == 'mass_birads':
        return float(BIRADS_GRADES.index(value))
    return float(value)
