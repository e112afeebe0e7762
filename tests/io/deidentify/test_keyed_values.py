"""Replacements under a key."""

import pytest
from pydicom import Dataset
from pydicom.uid import UID

from mammo_plugins.io.deidentify import random_key, read_or_make_key
from mammo_plugins.io.deidentify.keyed_values import DateShifter, KeyedRandomizer, UidReplacer, id_replacer

KEY = b'k' * 32


def replaced(uid, key=KEY):
    return UidReplacer(KeyedRandomizer(key)).replace(uid)


def test_uids_are_valid_and_follow_from_key_and_value():
    uids = [replaced(f'1.2.3.{number}') for number in range(200)]
    assert len(set(uids)) == 200 and all(UID(uid).is_valid and uid.startswith('2.25.') for uid in uids)
    assert replaced('1.2.3.1') == uids[1] and replaced('1.2.3.1', b'x' * 32) != uids[1]


@pytest.mark.parametrize('uid', ['', '1.2.840.10008.1.4.1.1', '1.2.840.10008.5.1.4.1.1.1.2'])
def test_uids_of_the_standard_stay(uid):
    assert replaced(uid) == uid


def test_class_uids_stay_and_lists_are_replaced_one_by_one():
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = '1.2.3.1', '1.2.3.2'
    dataset.add_new('FailedSOPInstanceUIDList', 'UI', ['1.2.3.2', '1.2.3.3'])
    replacer = UidReplacer(KeyedRandomizer(KEY))
    for element in list(dataset):
        replacer(dataset, element)
    assert dataset.SOPClassUID == '1.2.3.1'
    assert dataset.FailedSOPInstanceUIDList == [dataset.SOPInstanceUID, replaced('1.2.3.3')]


def test_ids_have_twelve_letters_and_digits():
    ids = set()
    for number in range(200):
        dataset = Dataset()
        dataset.PatientID = f'{number:06d}'
        id_replacer(KeyedRandomizer(KEY), 'PatientID')(dataset, dataset['PatientID'])
        ids.add(dataset.PatientID)
    assert len(ids) == 200 and all(len(one) == 12 and one.isalnum() for one in ids)


@pytest.mark.parametrize(
    ('stored', 'kept'),
    [
        (dict(StudyDate='20200229', StudyTime='120000.5'), True),
        (dict(StudyDate='2020.02.29', StudyTime='12:00:00'), True),
        (dict(StudyDate='20201301', StudyTime='120000'), False),
        (dict(StudyDate='', StudyTime='120000'), False),
        (dict(StudyTime='120000'), False),
    ],
)
@pytest.mark.filterwarnings('ignore:Invalid value for VR')
def test_times_stay_beside_a_date_only(stored, kept):
    dataset = Dataset()
    for keyword, value in stored.items():
        setattr(dataset, keyword, value)
    shifter = DateShifter(KeyedRandomizer(KEY), 'patient')
    for element in list(dataset):
        shifter(dataset, element)
    assert bool(dataset.StudyTime) == kept and ('20200229' not in dataset.get('StudyDate', ''))


def test_patients_move_differently():
    shifted = set()
    for number in range(20):
        dataset = Dataset()
        dataset.StudyDate = '20200229'
        DateShifter(KeyedRandomizer(KEY), str(number))(dataset, dataset['StudyDate'])
        shifted.add(dataset.StudyDate)
        assert '20180227' <= dataset.StudyDate <= '20191229'
    assert len(shifted) > 15


def test_key_file_is_made_once_and_random_keys_differ(tmp_path):
    made = read_or_make_key(tmp_path / 'folder' / 'key')
    assert read_or_make_key(tmp_path / 'folder' / 'key') == made and len(made) == 64
    assert random_key() != random_key()
