"""What a phantom release looks like; presets: ``demo``, ``easy``, ``pairs``, ``symmetric``, ``vendors``, ``full``."""

from __future__ import annotations

import re
from collections import defaultdict
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
        graded_masses: every mass has a BI-RADS assessment of its own, by its shape and density, see
            :func:`~.mass_grades.mass_grade`; that of a breast is the most suspicious one of its masses.
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
    graded_masses: bool = False

    def __post_init__(self) -> None:
        for name in ('malignant_share', 'benign_share', 'second_finding_share', 'unannotated_share'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'finding.{name} {getattr(self, name)}: expected 0 to 1')
        if self.malignant_share + self.benign_share > 1:
            raise ValueError(
                f'finding.malignant_share {self.malignant_share} and finding.benign_share {self.benign_share} '
                'are more than all breasts together: lower one of them'
            )


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
        mlo_tilt_deg: how far the MLO outline leans towards the axilla, 0 to 30 degrees. The nipple then is the point
            that stands out most across a line tilted by as much; the outermost column lies above it, as in patients.
        jpeg2000_vendors: vendors that store tomosynthesis as JPEG 2000 (lossless), which saves space and costs time;
            the others store it uncompressed.
        placed: volumes state where their slices lie in the patient, which segmentations need, and all of them have a
            spacing; else their slices have heights, or as in BCS-DBT neither.
    """

    rows: int = 192
    columns: int = 128
    slices: int = 32
    texture_mm: float = 1.0
    ffdm_noise: float = 0.006
    dbt_noise: float = 0.012
    exact_shifts: bool = True
    mlo_tilt_deg: float = 0.0
    jpeg2000_vendors: str = 'A'
    placed: bool = False

    def __post_init__(self) -> None:
        if min(self.rows, self.columns) < 32 or self.slices < 4:
            raise ValueError(
                f'phantom size {self.rows}x{self.columns}x{self.slices} is too small: need 32x32x4 or more'
            )
        if not 0 <= self.mlo_tilt_deg <= 30:
            raise ValueError(f'imaging.mlo_tilt_deg is {self.mlo_tilt_deg}: expected 0 to 30')

    @property
    def pixel_mm(self) -> float:
        return FIELD_HEIGHT_MM / self.rows


@dataclass(frozen=True)
class VisibilitySettings:
    """What the mammogram and the synthetic mammogram (SM) of a view show differently; by default nothing.

    Contrasts are shares of the contrast that the finding has in tomosynthesis.

    Args:
        sm_calcification_contrast: of calcifications in the SM.
        sm_plain_mass_contrast: of masses without spicules in the SM.
        covered_masses: share of the masses of a view that lie under glandular tissue of other depths.
        ffdm_covered_contrast: of these in the mammogram.
        sm_pseudo_distortions, sm_pseudo_calcifications: mean number, a view, of radiating lines and of clusters that
            only the SM shows and that are no findings.
    """

    sm_calcification_contrast: float = 1.0
    sm_plain_mass_contrast: float = 1.0
    covered_masses: float = 0.0
    ffdm_covered_contrast: float = 1.0
    sm_pseudo_distortions: float = 0.0
    sm_pseudo_calcifications: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 0 or (not name.startswith('sm_pseudo') and value > 1):
                raise ValueError(f'visibility.{name} is {value}: expected 0 to 1, or a number that is not negative')


@dataclass(frozen=True)
class SymmetrySettings:
    """How alike the breasts of a patient are; by default they are drawn one by one.

    Args:
        mirrored: the second breast is the mirror of the first, smoothly deformed, with fine texture of its own.
            Breasts without findings have BI-RADS 1 then.
        deformation_mm: root mean square of the deformation along each axis.
        asymmetry: how much of the second breast is its own, 0 to 1: share of the variance of its tissue, of its
            vessels, and of what its size may differ by. Superpositions are each view's own; ``finding.superpositions``
            says how many.
        normal_twins: mammograms with findings are also written as they would be without them
            (``without-findings``, ``phantom-normals.csv``): the same tissue, exposure and noise.
    """

    mirrored: bool = False
    deformation_mm: float = 3.0
    asymmetry: float = 0.1
    normal_twins: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.asymmetry <= 1 or not 0 <= self.deformation_mm <= 20:
            raise ValueError(
                f'symmetry.asymmetry {self.asymmetry} and symmetry.deformation_mm {self.deformation_mm}: expected 0 to '
                '1 and 0 to 20'
            )


@dataclass(frozen=True)
class QuirkSettings:
    """How often the release shows the oddities of the real BCS-DBT tables and headers (shares of volumes)."""

    wrong_laterality_share: float = 0.1
    repeated_view_share: float = 0.04
    missing_spacing_share: float = 0.5


@dataclass(frozen=True)
class PhantomSettings:
    """Everything that, with a seed, determines the bytes of a release.

    Args:
        finding, imaging, quirks, visibility, symmetry: see there.
        density_mix: shares of the densities A to D.
        vendors: codes of the vendors, each with as many patients.
        every_vendor: each patient is imaged by every vendor instead, in studies of their own: the same breasts and
            findings in all styles.
        vendor_spread: how far the vendors' styles lie apart, see :meth:`~.vendor_style.VendorStyle.spread`.
    """

    finding: FindingSettings = field(default_factory=FindingSettings)
    imaging: ImagingSettings = field(default_factory=ImagingSettings)
    quirks: QuirkSettings = field(default_factory=QuirkSettings)
    visibility: VisibilitySettings = field(default_factory=VisibilitySettings)
    symmetry: SymmetrySettings = field(default_factory=SymmetrySettings)
    density_mix: tuple[float, float, float, float] = (0.1, 0.4, 0.38, 0.12)
    vendors: str = 'ABCDEF'
    every_vendor: bool = False
    vendor_spread: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.vendor_spread <= 4:
            raise ValueError(f'vendor_spread is {self.vendor_spread}: expected 0 (all alike) to 4')

    def as_dict(self) -> dict:
        """Plain values; newer settings only where they change something, so that older releases keep their bytes."""
        values = asdict(self)
        if self.symmetry == SymmetrySettings():
            del values['symmetry']
        if not self.finding.graded_masses:
            del values['finding']['graded_masses']
        if not self.imaging.placed:
            del values['imaging']['placed']
        if not self.every_vendor:
            del values['every_vendor']
        if self.vendor_spread == 1:
            del values['vendor_spread']
        return values

    def override(self, changes: Mapping[str, object]) -> PhantomSettings:
        """Settings with some values replaced, for example ``{'finding.malignant_share': 0.3}``.

        Raises:
            ValueError: no setting has such a name, or it has no such value.
        """
        by_group: dict[str, dict[str, object]] = defaultdict(dict)
        for name, value in changes.items():
            group_name, _, leaf = name.rpartition('.')
            owner = getattr(self, group_name, None) if group_name else self
            if owner is None or leaf not in getattr(owner, '__dataclass_fields__', ()):
                raise ValueError(f'no phantom setting {name!r}: see the classes of {__name__}')
            by_group[group_name][leaf] = tuple(value) if isinstance(value, list) else value
        settings = replace(self, **by_group.pop('', {}))
        return replace(
            settings, **{group: replace(getattr(settings, group), **values) for group, values in by_group.items()}
        )

    def resized(self, size: str) -> PhantomSettings:
        """Settings for another image size: the name of a preset or ``ROWSxCOLUMNSxSLICES``, which keeps the tilt.

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
        kept = dict(mlo_tilt_deg=self.imaging.mlo_tilt_deg, placed=self.imaging.placed)
        return replace(self, imaging=replace(base, rows=rows, columns=columns, slices=slices, **kept))


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
    'pairs': PhantomSettings(
        finding=FindingSettings(
            malignant_types=(0.35, 0.35, 0.2, 0.1), malignant_density=(1.6, 2.0), superpositions=1.0
        ),
        visibility=VisibilitySettings(
            sm_calcification_contrast=0.35,
            sm_plain_mass_contrast=0.45,
            covered_masses=0.35,
            ffdm_covered_contrast=0.35,
            sm_pseudo_distortions=0.5,
            sm_pseudo_calcifications=0.5,
        ),
    ),
    'symmetric': PhantomSettings(
        finding=FindingSettings(
            malignant_share=0.25,
            benign_share=0.1,
            unannotated_share=0.0,
            malignant_types=(0.6, 0.4, 0.0, 0.0),
            malignant_density=(1.6, 2.0),
            superpositions=0.5,
        ),
        symmetry=SymmetrySettings(mirrored=True, normal_twins=True),
    ),
    'vendors': PhantomSettings(
        finding=FindingSettings(
            malignant_share=0.5,
            benign_share=0.25,
            second_finding_share=0.25,
            unannotated_share=0.0,
            malignant_types=(0.5, 0.5, 0.0, 0.0),
            benign_types=(1.0, 0.0, 0.0),
            malignant_density=(1.2, 2.4),
            benign_density=(0.9, 1.8),
            superpositions=0.5,
            graded_masses=True,
        ),
        imaging=ImagingSettings(mlo_tilt_deg=20.0),
        density_mix=(0.2, 0.3, 0.3, 0.2),
        vendor_spread=2.5,
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
