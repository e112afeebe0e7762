"""Numbers of evidence in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SPACE = '\N{NO-BREAK SPACE}'  # an interval stays on one line


def estimate_text(estimate: Mapping[str, Any]) -> str:
    """``0.812 [0.751, 0.866]``."""
    if estimate['value'] is None:
        return 'n/a'
    interval = '' if estimate['low'] is None else f' [{estimate["low"]:.3f},{_SPACE}{estimate["high"]:.3f}]'
    return f'{estimate["value"]:.3f}{interval}'


def share_text(number: Mapping[str, Any]) -> str:
    """``13 of 16``; a count alone where it is a rate."""
    if number['numerator'] is None:
        return ''
    return str(number['numerator']) + ('' if number['denominator'] is None else f' of {number["denominator"]}')


def difference_text(difference: Mapping[str, Any]) -> str:
    """``-0.031 [-0.060, -0.002]``."""
    if difference['difference'] is None:
        return 'n/a'
    interval = '' if difference['low'] is None else f' [{difference["low"]:+.3f},{_SPACE}{difference["high"]:+.3f}]'
    return f'{difference["difference"]:+.3f}{interval}'


def p_text(p_value: float | None) -> str:
    """``0.013``, or ``< 0.001``."""
    return '' if p_value is None else '< 0.001' if p_value < 0.001 else f'{p_value:.3f}'
