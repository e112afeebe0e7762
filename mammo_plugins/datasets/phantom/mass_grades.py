"""BI-RADS assessments of single masses, from what an image of them shows."""

from __future__ import annotations

from .finding_shape import FindingShape
from .settings import FindingSettings

_GRADES = {
    FindingShape.OVAL: ('2', '3'),
    FindingShape.LYMPH_NODE: ('2', '3'),
    FindingShape.IRREGULAR: ('4A', '4B'),
    FindingShape.SPICULATED: ('4C', '5'),
}


def mass_grade(shape: FindingShape, density: float, settings: FindingSettings) -> str | None:
    """The assessment of a mass: its outline decides, and the denser half of its kind is the more suspicious one.

    Args:
        shape: of the finding.
        density: as :attr:`~.findings.Finding.density`.
        settings: whose ranges of the density are halved.

    Returns:
        ``2`` or ``3`` of smooth, ``4A`` or ``4B`` of irregular, ``4C`` or ``5`` of spiculated masses; None of what is
        no mass.
    """
    if shape not in _GRADES:
        return None
    benign = shape in (FindingShape.OVAL, FindingShape.LYMPH_NODE)
    low, high = settings.benign_density if benign else settings.malignant_density
    return _GRADES[shape][int(density > (low + high) / 2)]
