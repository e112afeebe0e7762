"""BI-RADS assessments as the releases write them, and breast densities.

Annotation files hold an assessment as text, ``0`` to ``6`` with ``4A``, ``4B`` and ``4C``, and a density as ``A`` to
``D``.

Source: D'Orsi et al., ACR BI-RADS Atlas, 5th edition, 2013 (assessment categories, breast composition).
"""

from __future__ import annotations

import re

_BIRADS = re.compile(r'(?:BI-?RADS)?\s*([0-6])(?:\.0+)?\s*([ABC])?', re.IGNORECASE)
_DENSITY = re.compile(r'(?:(?:BREAST\s+)?DENSITY|ACR|BI-?RADS)?\s*([A-D]|[1-4](?:\.0+)?)', re.IGNORECASE)

_FROM_HARMLESS_TO_MALIGNANT = '1230456'
"""0 asks for further images: more than a finding that may wait for six months (3), less than one to biopsy (4)."""


def read_birads(text: str) -> str:
    """``BI-RADS 4``, ``4a``, ``4`` or ``4.0`` as ``4``, ``4A``, ``4`` and ``4``.

    Raises:
        ValueError: the text is no assessment.
    """
    match = _BIRADS.fullmatch(text.strip())
    if match is None or (match[2] and match[1] != '4'):
        raise ValueError(f'BI-RADS {text!r} is none of 0 to 6, 4A, 4B, 4C')
    return match[1] + (match[2] or '').upper()


def birads_category(birads: str) -> int:
    """The number of an assessment that :func:`read_birads` gave: 4 for ``4B``."""
    return int(birads[0])


def most_suspicious_birads(assessments: list[str]) -> str | None:
    """The assessment that a breast with several of them gets, or None where there is none."""
    return max(assessments, key=lambda birads: (_FROM_HARMLESS_TO_MALIGNANT.index(birads[0]), birads), default=None)


def read_density(text: str) -> str:
    """``DENSITY C``, ``c``, ``3`` or ``3.0`` as ``C``.

    Raises:
        ValueError: the text is no density.
    """
    match = _DENSITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'breast density {text!r} is none of A to D or 1 to 4')
    letter = match[1].upper()
    return letter if letter in 'ABCD' else 'ABCD'[int(letter[0]) - 1]
