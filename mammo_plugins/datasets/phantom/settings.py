"""What a phantom release looks like, and the presets ``demo``, ``easy`` and ``full``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

FIELD_HEIGHT_MM = 200.0
"""Height of the imaged field. Pixel spacing is this height over the rows, so every size shows the whole breast."""


@dataclass(frozen=True)
class FindingSettings:
    """How many findings there are and how hard they are to see.

    Args:
        malignant_share: share of breasts with at least one malignant finding.
        benign_share: share of breasts with benign look-alikes only.
        second_finding_share: share of the breasts with a finding that hold a second one.
        unannotated_share: share of the training split's malignant breasts whose boxes are withheld.
        malignant_types: share of spiculated mass, irregular mass, fine calcifications, architectural distortion.
        benign_types: share of smooth mass, coarse calcifications, lymph node.
        mass_radius_mm: range of the radius of a mass.
        malignant_density: range of the attenuation of a malignant mass above fat, in units of glandular tissue's.
        benign_density: the same for benign masses.
        calcification_mm: range of the diameter of a fine calcification.
        superpositions: mean number, a view, of places where tissue of several depths overlaps and imitates a mass in
            the projection.
        visible_contrast: out-of-plane contrast, relative to the best slice, down to which a slice counts as visible.
    """

    malignant_share: float = 0.45
    benign_share: float = 0.25
    second_finding_share: float = 0.12
    unannotated_share: float = 0.2
    malignant_types: tuple[float, float, float, float] = (0.6, 0.28, 0.08, 0.04)
    benign_types: tuple[float, float, float] = (0.55, 0.25, 0.2)
    mass_radius_mm: tuple[float, float] = (5.5, 8.5)
    malignant_density: tuple[float, float] = (1.3, 1.6)
    benign_density: tuple[float, float] = (0.8, 1.1)
    calcification_mm: tuple[float, float] = (0.4, 0.75)
    superpositions: float = 4.0
    visible_contrast: float = 0.5


@dataclass(frozen=True)
class ImagingSettings:
    """The detector, the tube's path and the noise.

    Args:
        rows, columns: pixels of every image.
        slices: reconstructed slices of the thickest breast; thinner breasts have proportionally fewer.
        texture_mm: grid on which tissue is sampled from the breast; finer detail is added a view.
        ffdm_noise, dbt_noise: standard deviation of the log signal behind the reference thickness of fat, of the
            mammogram and of one tomosynthesis projection.
        exact_shifts: interpolate between pixels when shifting projections; at fine spacing whole pixels suffice.
        jpeg2000_vendors: vendors that store tomosynthesis as JPEG 2000 (lossless), which saves space and costs time;
            the others store it uncompressed.
    """

    rows: int = 192
    columns: int = 128
    slices: int = 32
    texture_mm: float = 1.0
    ffdm_noise: float = 0.006
    dbt_noise: float = 0.012
    exact_shifts: bool = True
    jpeg2000_vendors: str = 'A'

    def __post_init__(self) -> None:
        if min(self.rows, self.columns) < 32 or self.slices < 4:
            raise ValueError(
                f'phantom size {self.rows}x{self.columns}x{self.slices} is too small: need 32x32x4 or more'
            )

    @property
    def pixel_mm(self) -> float:
        return FIELD_HEIGHT_MM / self.rows


@dataclass(frozen=True)
class QuirkSettings:
    """How often the release shows the oddities of the real BCS-DBT tables and headers (shares of volumes)."""

    wrong_laterality_share: float = 0.1
    repeated_view_share: float = 0.04
    missing_spacing_share: float = 0.5


@dataclass(frozen=True)
class PhantomSettings:
    """Everything that, with a seed, determines the bytes of a release."""

    finding: FindingSettings = field(default_factory=FindingSettings)
    imaging: ImagingSettings = field(default_factory=ImagingSettings)
    quirks: QuirkSettings = field(default_factory=QuirkSettings)
    density_mix: tuple[float, float, float, float] = (0.1, 0.4, 0.38, 0.12)
    vendors: str = 'ABCDEF'

    def as_dict(self) -> dict:
        return asdict(self)

    def override(self, changes: Mapping[str, object]) -> PhantomSettings:
        """Settings with some values replaced, for example ``{'finding.malignant_share': 0.3}``.

        Raises:
            ValueError: no setting has such a name.
        """
        settings = self
        for name, value in changes.items():
            group_name, _, leaf = name.rpartition('.')
            owner = getattr(settings, group_name, None) if group_name else settings
            if owner is None or leaf not in getattr(owner, '__dataclass_fields__', ()):
                raise ValueError(f'no phantom setting {name!r}: see the classes of {__name__}')
            value = tuple(value) if isinstance(value, list) else value
            changed = replace(owner, **{leaf: value})
            settings = replace(settings, **{group_name: changed}) if group_name else changed
        return settings

    def resized(self, size: str) -> PhantomSettings:
        """Settings for another image size: the name of a preset or ``ROWSxCOLUMNSxSLICES``.

        Raises:
            ValueError: the text is neither.
        """
        if size in PRESETS:
            return replace(self, imaging=PRESETS[size].imaging)
        match = re.fullmatch(r'(\d+)x(\d+)x(\d+)', size)
        if match is None:
            raise ValueError(f'unknown size {size!r}: expected {", ".join(PRESETS)} or ROWSxCOLUMNSxSLICES')
        rows, columns, slices = map(int, match.groups())
        fine = rows > 1000
        base = PRESETS['full' if fine else 'demo'].imaging
        return replace(self, imaging=replace(base, rows=rows, columns=columns, slices=slices))


_FULL_IMAGING = ImagingSettings(
    rows=2457, columns=1890, slices=60, ffdm_noise=0.02, dbt_noise=0.05, exact_shifts=False, jpeg2000_vendors='ACE'
)

PRESETS = {
    'demo': PhantomSettings(),
    'easy': PhantomSettings(
        finding=FindingSettings(
            malignant_types=(0.6, 0.4, 0.0, 0.0),
            mass_radius_mm=(5.5, 8.5),
            malignant_density=(1.6, 2.0),
            superpositions=1.0,
        )
    ),
    'full': PhantomSettings(finding=FindingSettings(calcification_mm=(0.2, 0.5)), imaging=_FULL_IMAGING),
}


def read_preset(name: str) -> PhantomSettings:
    """A preset by its name.

    Raises:
        ValueError: there is no such preset.
    """
    if name not in PRESETS:
        raise ValueError(f'unknown phantom preset {name!r}: expected one of {", ".join(PRESETS)}')
    return PRESETS[name]
