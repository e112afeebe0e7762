"""Numbers in an .ics file of DDSM that are none, or none of a patient."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters.ddsm.ics import parse_ics


@pytest.mark.parametrize(
    ('text', 'age'),
    [
        ('42', 42),
        ('0042', 42),
        ('120', 120),
        ('121', None),
        ('0119999', None),  # not judged by its first digits
        ('0042' + '0' * 5000, None),  # Python converts no number of more than 4300 digits
        ('-1', None),
        ('', None),
    ],
)
def test_age_is_a_number_of_years_or_unknown(text, age):
    assert parse_ics(f'PATIENT_AGE {text}\n').age == age
