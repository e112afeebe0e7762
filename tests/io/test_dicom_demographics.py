"""Age and sex, and nothing else that may stand in their place."""

from __future__ import annotations

import pytest

from mammo_plugins.io.dicom_demographics import Demographics, read_demographics
from tests.io.dicom_builder import PATIENT_NAME, ct_slices, gradient, mammogram, save


@pytest.mark.parametrize(
    ('age', 'sex', 'expected'),
    [
        ('050Y', 'F', (50, 'F')),
        ('024M', 'M', (2, 'M')),
        (' 061Y', 'O', (61, 'O')),
        ('50', 'F', (None, 'F')),
        (PATIENT_NAME, PATIENT_NAME, (None, None)),
        (None, None, (None, None)),
    ],
)
def test_values_are_those_of_the_standard_or_none(tmp_path, age, sex, expected):
    path = save(mammogram(PatientAge=age, PatientSex=sex), tmp_path / 'a.dcm')
    assert read_demographics(path) == expected


def test_first_slice_speaks_for_a_volume(tmp_path):
    for number, dataset in enumerate(ct_slices(gradient((3, 6, 5)), PatientAge='047Y', PatientSex='F')):
        save(dataset, tmp_path / 'volume' / f'{number}.dcm')
    assert read_demographics(tmp_path / 'volume') == (47, 'F')


def test_what_is_no_dicom_file_says_nothing(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'no picture')
    assert read_demographics(tmp_path / 'a.png') == read_demographics(tmp_path / 'missing') == Demographics()
