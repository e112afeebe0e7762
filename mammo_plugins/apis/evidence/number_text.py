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
    ends = '' if difference['low'] is None else f' [{_signed(difference["low"])},{_SPACE}{_signed(difference["high"])}]'
    return f'{_signed(difference["difference"])}{ends}'


def _signed(value: float) -> str:
    """Three digits; what rounds to nothing has no minus."""
    return f'{round(value, 3) + 0:+.3f}'


def p_text(p_value: float | None) -> str:
    """``0.013``, or ``< 0.001``."""
    return '' if p_value is None else '< 0.001' if p_value < 0.001 else f'{p_value:.3f}'
