"""Age and sex of a patient, for counts over many; nothing else that says who somebody is is read with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pydicom import dcmread
from pydicom.config import disable_value_validation

from .deflated_file import inflate_dicom
from .slice_folder import dicom_files_in
from .slice_series import names_series, series_files

_AGE = re.compile(r'(\d{3})([DWMY])')
_UNITS_A_YEAR = {'D': 365.25, 'W': 52.18, 'M': 12.0, 'Y': 1.0}
_SEXES = ('F', 'M', 'O')


class Demographics(NamedTuple):
    """What a header says of a patient.

    Attributes:
        age_years: at the time of the study, or None.
        sex: ``F``, ``M``, ``O`` or None.
    """

    age_years: float | None = None
    sex: str | None = None


def read_demographics(path: str | Path) -> Demographics:
    """Patient's Age (0010,1010) and Patient's Sex (0010,0040) of a DICOM file, or of the first slice of several.

    A value that is not written as the standard says is none, whatever it holds: it may be somebody's name.

    Source: DICOM PS3.5, table 6.2-1 (AS), and PS3.3, C.7.1.1 and C.7.2.2.
    """
    path = Path(path)
    try:
        files = dicom_files_in(path) if path.is_dir() else series_files(path) if names_series(path) else [path]
        with files[0].open('rb') as file, disable_value_validation():
            tags = dcmread(inflate_dicom(files[0]) or file, stop_before_pixels=True,
                           specific_tags=['PatientAge', 'PatientSex'])  # fmt: skip
            age, sex = (str(tags.get(keyword, '') or '') for keyword in ('PatientAge', 'PatientSex'))
    except Exception:  # no DICOM file, or a broken one, which other checks name
        return Demographics()
    parsed = _AGE.fullmatch(age.strip(' \0'))
    years = int(parsed[1]) / _UNITS_A_YEAR[parsed[2]] if parsed else None
    return Demographics(years, sex.strip(' \0') if sex.strip(' \0') in _SEXES else None)
