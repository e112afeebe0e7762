"""No patient of CBIS-DDSM is in two splits, whatever the tables of masses and calcifications say."""

from __future__ import annotations

from collections import defaultdict

import pytest

from mammo_plugins.datasets.converters.conversion_report import ConversionError
from tests.datasets.converters.cbis_ddsm_release import CbisDdsmRelease, convert
from tests.datasets.converters.report_lines import dropped, notes


@pytest.fixture
def release(tmp_path):
    return CbisDdsmRelease(tmp_path / 'CBIS-DDSM')


"""31 patients are in a training table of one kind and in a test table of the other."""


@pytest.fixture
def overlapping(release):
    release.add(1, kind='mass', split='train')
    release.add(1, side='RIGHT', kind='calc', split='test')
    release.add(2, kind='mass', split='train')
    release.add(3, kind='mass', split='test')
    return release


def test_patient_in_any_test_table_is_test_with_all_her_films(overlapping):
    annotations = convert(overlapping)
    splits = defaultdict(set)
    for image in annotations.images:
        splits[image.patient_id].add(image.split)
    assert splits == {'P_00001': {'test'}, 'P_00002': {'train'}, 'P_00003': {'test'}}
    assert notes(annotations) == [
        'mass_case_description_train_set.csv line 3: P_00001 is in a test table too: moved to test'
    ]
    counts = annotations.info['counts']
    assert (counts['rows_moved_to_test'], counts['patients_in_train_and_test_tables']) == (1, 1)


def test_such_patients_can_be_left_out(overlapping):
    annotations = convert(overlapping, overlapping='drop')
    assert {image.patient_id for image in annotations.images} == {'P_00002', 'P_00003'}
    assert annotations.info['counts']['dropped_overlapping_rows'] == 2
    assert 'P_00001 is in training and in test tables' in dropped(annotations)[0]


def test_tables_of_one_kind_have_no_overlap(overlapping):
    annotations = convert(overlapping, kinds=['mass'])
    assert [image.split for image in annotations.images] == ['train', 'train', 'test']
    assert annotations.info['counts']['patients_in_train_and_test_tables'] == 0


def test_validation_is_taken_from_training_patients_by_seed(release):
    for patient in range(20):
        release.add(patient)
        release.add(patient, side='RIGHT')
    release.add(99, split='test')
    first, again, other = (convert(release, validation_share=0.25, seed=seed) for seed in (0, 0, 1))
    chosen = [
        {image.patient_id for image in annotations.images if image.split == 'validation'}
        for annotations in (first, again, other)
    ]
    assert len(chosen[0]) == 5 and chosen[0] == chosen[1] != chosen[2] and 'P_00099' not in chosen[0]
    trained = {image.patient_id for image in first.images if image.split == 'train'}
    assert len(trained) == 15 and not trained & chosen[0]


def test_splits_can_be_chosen(overlapping):
    annotations = convert(overlapping, splits=['train'])
    assert [image.patient_id for image in annotations.images] == ['P_00002'] and annotations.info['dropped'] == []


def test_split_that_was_asked_for_and_is_empty_is_an_error(release):
    release.add(split='test')
    with pytest.raises(ConversionError, match="split 'train' is empty"):
        convert(release, splits=['test', 'train'])


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        ({'splits': ['val']}, r"unknown split \['val'\]"),
        ({'kinds': ['cyst']}, r"unknown kind \['cyst'\]"),
        ({'overlapping': 'train'}, "unknown rule 'train' for overlapping patients"),
        ({'validation_share': 1.0}, r'validation share 1\.0 is outside 0'),
    ],
)
def test_unknown_option_is_an_error(release, options, reason):
    release.add()
    with pytest.raises(ConversionError, match=reason):
        convert(release, **options)
