"""What identified is looked for in what was written."""

import pytest
from pydicom import Dataset

from mammo_plugins.io.deidentify import Identity
from mammo_plugins.io.deidentify.safe_words import keep_safe_words


def identity(**elements):
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return Identity(dataset)


def written(value, keyword='ManufacturerModelName'):
    item, dataset = Dataset(), Dataset()
    setattr(item, keyword, value)
    dataset.SourceImageSequence = [item]
    return dataset


@pytest.mark.parametrize(
    ('elements', 'value', 'found'),
    [
        (dict(PatientName='Smith^Mary'), 'unit of MARY', 'PatientName'),
        (dict(PatientName='Smith^Mary'), 'Smithson', None),
        (dict(PatientName='Li^Ann'), 'Ann', None),  # shorter than four letters: hardly a name alone
        (dict(PatientName='Phantom^Spot'), 'spot', None),  # words of the field
        (dict(PatientID='123456'), 'unit 123456', 'PatientID'),
        (dict(PatientID='12345'), 'unit 12345', None),
        (dict(OtherPatientIDs=['A-77/3', 'B-88/4']), 'unit b-88/4', 'OtherPatientIDs'),
        (dict(InstitutionName='St. Mary Hospital'), 'of St. Mary Hospital', 'InstitutionName'),
        (dict(InstitutionName='St. Mary Hospital'), 'Hospital', None),
    ],
)
def test_names_and_ids_are_found_as_words(elements, value, found):
    assert identity(**elements).find_in(written(value)) == found


def test_uids_are_found_and_those_of_the_standard_are_none():
    known = identity(StudyInstanceUID='1.2.3', FrameOfReferenceUID='1.2.840.10008.1.4.1.1')
    assert known.find_in(written('1.2.3', 'ReferencedSOPInstanceUID')) == 'StudyInstanceUID'
    assert known.find_in(written('1.2.840.10008.1.4.1.1', 'ReferencedSOPInstanceUID')) is None


@pytest.mark.parametrize(
    ('text', 'kept'),
    [
        ('R MLO spot C-View', 'R MLO spot C-View'),
        ('L_CC (Smith)', 'L CC'),
        ('RMLO-Smith', 'RMLO'),
        ('Smith-CC', 'CC'),
        ('2D+Tomo: Müller', '2D Tomo'),
        ('', ''),
    ],
)
def test_descriptions_keep_words_of_the_field(text, kept):
    assert keep_safe_words(text) == kept
