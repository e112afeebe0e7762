"""The words of DDSM, which CBIS-DDSM has kept: pathology, density, assessment, subtlety and shapes.

Source: Heath et al., "The Digital Database for Screening Mammography", 5th International Workshop on Digital
Mammography (2000); Lee et al., Scientific Data 4:170177 (2017), https://doi.org/10.1038/sdata.2017.177.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CATEGORY_OF_PATHOLOGY = {'MALIGNANT': 'malignant', 'BENIGN': 'benign', 'BENIGN_WITHOUT_CALLBACK': 'benign'}

_DENSITY_LETTERS = {'1': 'A', '2': 'B', '3': 'C', '4': 'D'}
_UNSTATED = ('', 'N/A')
_ASYMMETRIES = {'ASYMMETRIC_BREAST_TISSUE', 'FOCAL_ASYMMETRIC_DENSITY'}


def category_of(pathology: str) -> str:
    """``malignant`` or ``benign``.

    Raises:
        ValueError: the pathology is neither, such as UNPROVEN.
    """
    if pathology not in CATEGORY_OF_PATHOLOGY:
        raise ValueError(f'pathology {pathology!r} is none of {", ".join(CATEGORY_OF_PATHOLOGY)}')
    return CATEGORY_OF_PATHOLOGY[pathology]


def density_letter(number: str) -> str | None:
    """``A`` to ``D`` of the ACR density 1 to 4; None for anything else (0 stands in two rows of CBIS-DDSM)."""
    return _DENSITY_LETTERS.get(number)


def lesion_type(kind: str, shape: str) -> str:
    """``mass``, ``calcification``, ``distortion``, ``asymmetry`` or ``other``.

    Distortions, asymmetries and lymph nodes are recorded as shapes of masses; a shape that names one of them together
    with a real one (IRREGULAR-ARCHITECTURAL_DISTORTION) is a mass.

    Args:
        kind: such as ``mass`` or ``CALCIFICATION``.
        shape: of a mass, parts joined by hyphens.
    """
    if kind.lower() != 'mass':
        return 'calcification' if kind.lower() == 'calcification' else 'other'
    parts = set(shape.split('-'))
    if parts == {'ARCHITECTURAL_DISTORTION'}:
        return 'distortion'
    if parts <= _ASYMMETRIES:
        return 'asymmetry'
    return 'other' if parts == {'LYMPH_NODE'} else 'mass'


def stated(**attributes: str) -> dict[str, str]:
    """The attributes that say something: neither empty nor ``N/A``."""
    return {name: value for name, value in attributes.items() if value not in _UNSTATED}


def subtlety_of(number: str) -> int | None:
    """1 (subtle) to 5 (obvious); None for anything else (0 stands in two rows of CBIS-DDSM)."""
    return int(number) if number in ('1', '2', '3', '4', '5') else None


def image_labels(categories: Iterable[str], assessments: Iterable[str], density: str | None) -> dict[str, Any]:
    """Labels of an image from its findings.

    BI-RADS is the highest assessment; 0 (needs additional imaging) says the least and counts as the lowest.

    Args:
        categories: of its findings.
        assessments: of its findings, digits; others are left out.
        density: ``A`` to ``D``, or None.
    """
    found = set(categories)
    return {
        'malignant': int('malignant' in found),
        'benign': int('benign' in found),
        'birads': max((number for number in assessments if number.isdecimal()), default=None),
        'density': density,
    }
