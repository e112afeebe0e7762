from __future__ import annotations

from mammo_plugins.datasets.audit.patient_overlap import check_patient_splits, check_shared_identities


def test_patient_in_two_splits_is_an_error(make_image, brief):
    images = [
        make_image(1, patient_id='P1'),
        make_image(2, 'R-CC', patient_id='P1', split='test'),
        make_image(3, patient_id='P2'),
    ]
    findings = check_patient_splits(images)
    assert brief(findings) == [('patient_in_two_splits', 'error', (1, 2))]
    assert (findings[0].where, findings[0].reason) == ('patient P1', 'images in test (1), train (1)')


def test_images_without_a_split_put_no_patient_into_two(make_image):
    images = [make_image(1, patient_id='P1'), make_image(2, 'R-CC', patient_id='P1', split=None)]
    assert check_patient_splits(images) == []


def test_two_patients_of_one_study_are_one_patient(make_image, make_facts, brief):
    images = [make_image(1), make_image(2), make_image(3)]
    facts = {1: make_facts(1, study_uid='9'), 2: make_facts(2, study_uid='9'), 3: make_facts(3)}
    assert brief(check_shared_identities(images, facts)) == [('shared_identity', 'warning', (1, 2))]


def test_shared_identity_across_splits_is_an_error_and_is_told_once(make_image, make_facts, brief):
    images = [make_image(1), make_image(2, split='test'), make_image(3)]
    same = dict(study_uid='9', patient_id='MRN 4711')
    facts = {1: make_facts(1, **same), 2: make_facts(2, **same), 3: make_facts(3)}
    findings = check_shared_identities(images, facts)
    assert brief(findings) == [('shared_identity', 'error', (1, 2))]
    assert 'MRN 4711' not in str(findings)  # the header's own ids are nobody's business


def test_patient_id_that_all_share_is_a_placeholder(make_image, make_facts):
    images = [make_image(1), make_image(2)]
    facts = {number: make_facts(number, patient_id='ANONYMOUS') for number in (1, 2)}
    assert check_shared_identities(images, facts) == []


def test_patient_id_of_many_patients_is_a_placeholder(make_image, make_facts):
    images = [make_image(number) for number in range(1, 9)]
    facts = {number: make_facts(number, patient_id='0' if number < 7 else 'own') for number in range(1, 9)}
    found = check_shared_identities(images, facts)
    assert [finding.image_ids for finding in found] == [(7, 8)]


def test_png_files_have_no_identity(make_image, make_facts):
    """The reader takes the start of the file name for the study, and ``0_L-CC.png`` starts alike everywhere."""
    images = [make_image(1), make_image(2), make_image(3)]
    facts = {number: make_facts(number, study_uid='0', sop_instance_uid='') for number in (1, 2, 3)}
    assert check_shared_identities(images, facts) == []
