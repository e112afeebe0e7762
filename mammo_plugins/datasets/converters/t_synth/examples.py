"""Examples of T-SYNTH by the names of their folders, which hold all that the release says about one.

``device_data_VICTREPhantoms_spic_<mass density>/<breast density>/2/<mass radius>/SIM/``
``D2_<mass radius>_<breast density>.<number>/<number>/``

Breasts are numbered within their density, and the same breast is imaged again for other masses: it is the patient, and
the mass density and radius name the study.

Source: data card of didsr/tsynth; code/README.md and code/cfg of DIDSR/tsynth-release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..release_table import RowError

DENSITIES = {'fatty': 'A', 'scattered': 'B', 'hetero': 'C', 'dense': 'D'}
SPLIT_NUMBERS = {'train': range(1, 201), 'validation': range(201, 251), 'test': range(251, 301)}
"""Numbers of the breasts that the owners train, validate and test with."""

_MASS_DENSITY = re.compile(r'device_data_VICTREPhantoms_spic_(\d+(?:\.\d+)?)')
_EXAMPLE = re.compile(r'D2_(\d+(?:\.\d+)?)_([a-z]+)\.([1-9]\d{0,5})')


@dataclass(frozen=True)
class Example:
    """One breast with the mass that may be put into it.

    Attributes:
        number: of the breast within its density; odd ones have a mass.
        density: ``fatty``, ``scattered``, ``hetero`` or ``dense``.
        mass_radius_mm, mass_density: of the mass, as written; the density is relative to glandular tissue.
    """

    number: int
    density: str
    mass_radius_mm: str
    mass_density: str

    @property
    def patient_id(self) -> str:
        """The breast: the same for all masses that are put into it."""
        return f'{self.density}-{self.number}'

    @property
    def study_uid(self) -> str:
        """The mass that this example is for, with or without it."""
        return f'spic-{self.mass_density}-{self.mass_radius_mm}'

    @property
    def split(self) -> str:
        """Where the owners put the breast.

        Raises:
            RowError: the release has no breast of this number.
        """
        for split, numbers in SPLIT_NUMBERS.items():
            if self.number in numbers:
                return split
        raise RowError(f'breast {self.number} is none of the 300 of the release, so that it has no split')

    @property
    def has_mass_by_number(self) -> bool:
        """Odd numbers have a mass."""
        return self.number % 2 == 1


def read_example(path: Path) -> Example:
    """The example that a file belongs to, by the folders that it lies in.

    Args:
        path: absolute, so that folders above the one that is converted count too.

    Raises:
        RowError: the folders are not those of the release, or contradict one another.
    """
    folders = path.parts[:-1]
    mass = next((found for name in reversed(folders) if (found := _MASS_DENSITY.fullmatch(name))), None)
    place = next((n for n in reversed(range(len(folders))) if _EXAMPLE.fullmatch(folders[n])), None)
    if mass is None or place is None:
        raise RowError(
            'lies in no folders device_data_VICTREPhantoms_spic_<mass density>/.../D2_<radius>_<density>.<number>: '
            'keep the folders of the release'
        )
    radius, density, number = _EXAMPLE.fullmatch(folders[place]).groups()
    if density not in DENSITIES:
        raise RowError(f'breast density {density!r} is none of {", ".join(DENSITIES)}')
    if float(radius) <= 0:
        raise RowError(f'a mass of radius {radius} mm')
    named = re.search(r'(\d+)\.mhd$', path.name)
    if (named and named[1] != number) or folders[place + 1 :] not in ((number,), ()):
        raise RowError(f'the file and its folder are not of example {number}, which {folders[place]} names')
    return Example(int(number), density, radius, mass[1])
