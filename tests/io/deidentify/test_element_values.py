"""Elements that hold what their type does not allow."""

import pytest
from pydicom import DataElement, Dataset

from mammo_plugins.io.deidentify.element_values import holds_its_type


@pytest.mark.parametrize(
    ('keyword', 'vr', 'value', 'holds'),
    [
        ('PixelSpacing', 'DS', ['0.07', '0.07'], True),
        ('PixelSpacing', 'DS', ['0.07', 'abc Mary'], False),
        ('KVP', 'FD', 28.0, True),  # another type of number
        ('KVP', 'LO', 'Mary', False),
        ('WindowCenter', 'DS', '', True),
        ('ImageType', 'CS', ['ORIGINAL', 'PRIMARY', ''], True),
        ('ImageType', 'CS', ['Mary Smith of Example Street'], False),
        ('Manufacturer', 'SH', 'maker', True),  # another type of text
        ('Manufacturer', 'LO', 'maker (\x00\x10Mary', False),
        ('Manufacturer', 'PN', 'Mary', False),
        ('StudyTime', 'TM', '120000.123456', True),
        ('StudyTime', 'TM', '120000 Mary', False),
        ('StudyDate', 'DA', '20200229', True),
        ('StudyDate', 'DA', '20200229Mary', False),
        ('AcquisitionDateTime', 'DT', '20200229120000.5+0100', True),
        ('AcquisitionDateTime', 'DT', '20200229120000 Mary', False),
        ('StudyInstanceUID', 'UI', '1.2.3', True),
        ('StudyInstanceUID', 'UI', '1.2.3 Mary', False),
        ('PixelMeasuresSequence', 'SQ', [Dataset()], True),
        ('PixelMeasuresSequence', 'OB', b'Mary', False),
        ('PixelMeasuresSequence', 'UN', b'Mary', False),
        ('PixelData', 'OB', b'\0\0', True),
        ('PixelPaddingValue', 'SS', -1, True),
    ],
)
def test_type_and_form_of_values(keyword, vr, value, holds):
    element = DataElement(keyword, 'LO', None)
    element.VR, element._value = vr, value  # as from a file, where nothing is checked
    assert holds_its_type(element) == holds
