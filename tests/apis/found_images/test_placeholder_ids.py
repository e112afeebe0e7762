"""Which ids tell nobody apart."""

from __future__ import annotations

import pytest

from mammo_plugins.apis.found_images.placeholder_ids import is_made_up_uid, is_placeholder


@pytest.mark.parametrize(
    'patient_id',
    [
        '', '***', '000', 'ANON', 'ANON 0', 'anon-1', 'Anon0001', 'ANONYMOUS^PATIENT', 'Anonymized Patient',

        'DEIDENTIFIED',
        'De-Identified', 'REDACTED', 'HIDDEN', 'NoID', 'PATIENT_ID', 'No Name', 'PSEUDONYM', 'xxx-xx', 'n/a', 'Unknown',
    ],
)  # fmt: skip
def test_id_of_everybody(patient_id):
    assert is_placeholder(patient_id)


@pytest.mark.parametrize(
    'patient_id', ['P1', '123456', '1', 'A', 'Patient 12', 'TEST-7', 'D1-0001', 'Nolan', 'Deirdre', 'x' * 64 + '1']
)
def test_id_of_somebody(patient_id):
    assert not is_placeholder(patient_id)


@pytest.mark.parametrize(
    ('uid', 'is_made_up'),
    [
        ('', True), ('1.2.3.4', True), ('1.2.3.4.5.6.7.8.9', True), ('REDACTED', True),
        ('0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0', True),
        ('2.25.329800735698586629295641978511506172918', False), ('1.2.840.113619.2.5.1762583153', False),
    ],
)  # fmt: skip
def test_study_uid_that_was_typed(uid, is_made_up):
    assert is_made_up_uid(uid) == is_made_up
