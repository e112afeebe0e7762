"""Which objects are read as FFDM, SM or DBT, and why the others are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.sequence import Sequence

from mammo_plugins.io.dicom_modality import identify_modality, is_for_processing
from mammo_plugins.io.dicom_tags import DicomTags
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import code, item

STORAGE = '1.2.840.10008.5.1.4.1.1.'


def tags_of(**elements) -> DicomTags:
    elements = {'SOPClassUID': f'{STORAGE}1.2', 'Modality': 'MG', **elements}
    return DicomTags(Path('image.dcm'), item(**elements))


def refusal_of(**elements) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        identify_modality(tags_of(**elements))
    assert caught.value.path == Path('image.dcm')
    return caught.value.reason


@pytest.mark.parametrize(
    ('sop_class', 'elements', 'modality'),
    [
        ('1.2', {}, 'FFDM'),
        ('1.2.1', {}, 'FFDM'),
        ('13.1.3', {}, 'DBT'),
        ('1.2', {'ImageType': ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'GENERATED_2D']}, 'SM'),
        ('13.1.3', {'ImageType': ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'GENERATED_2D']}, 'SM'),
        ('1.2', {'ImageType': ['DERIVED', 'PRIMARY', 'TOMO_2D']}, 'SM'),
        ('1.2', {'SeriesDescription': 'L CC C-View'}, 'SM'),
        ('1.2', {'SeriesDescription': 'L CC'}, 'FFDM'),
        ('2', {}, 'DBT'),
        ('2', {'Modality': 'CT', 'BodyPartExamined': 'BREAST'}, 'DBT'),
        ('2', {'Modality': 'CT', 'ViewPosition': 'CC'}, 'DBT'),
        ('2', {'Modality': 'CT', 'AnatomicRegionSequence': Sequence([code('T-04000', 'SNM3', 'Breast')])}, 'DBT'),
        ('7', {}, 'FFDM'),  # digitised film
    ],
)
def test_breast_images_are_recognised(sop_class, elements, modality):
    assert identify_modality(tags_of(SOPClassUID=STORAGE + sop_class, **elements)) == modality


@pytest.mark.parametrize(
    ('sop_class', 'modality', 'named'),
    [
        ('4', 'MR', 'MR Image Storage, modality MR'),
        ('6.1', 'US', 'Ultrasound Image Storage, modality US'),
        ('1.1', 'DX', 'Digital X-Ray Image Storage - For Presentation, modality DX'),
        ('88.50', 'SR', 'Mammography CAD SR Storage, modality SR'),
        ('11.1', 'PR', 'Grayscale Softcopy Presentation State Storage, modality PR'),
        ('66.4', 'SEG', 'Segmentation Storage, modality SEG'),
    ],
)
def test_other_objects_are_refused_by_name(sop_class, modality, named):
    reason = refusal_of(SOPClassUID=STORAGE + sop_class, Modality=modality)
    assert reason == f'not a mammogram or tomosynthesis volume: SOP class is {named}'


def test_chest_ct_is_refused():
    reason = refusal_of(SOPClassUID=f'{STORAGE}2', Modality='CT', BodyPartExamined='CHEST')
    assert 'not marked as breast' in reason


@pytest.mark.parametrize('sop_class', ['13.1.4', '13.1.5'])
def test_raw_projections_are_refused(sop_class):
    assert 'raw tomosynthesis projections' in refusal_of(SOPClassUID=STORAGE + sop_class)


@pytest.mark.parametrize('group', [0x7E01, 0x7F01])
def test_hologic_secondary_capture_with_private_pixels_is_refused(group):
    tags = tags_of(SOPClassUID=f'{STORAGE}7')
    tags.dataset.private_block(group, 'HOLOGIC, Inc.', create=True)
    with pytest.raises(UnreadableImageError, match='Hologic Secondary Capture object .* private groups 7E01/7F01'):
        identify_modality(tags)


def test_secondary_capture_of_another_modality_is_refused():
    assert refusal_of(SOPClassUID=f'{STORAGE}7', Modality='US') == 'a Secondary Capture of modality US, not a mammogram'


def test_missing_sop_class_is_named():
    with pytest.raises(UnreadableImageError, match=r'image\.dcm: missing tag SOPClassUID \(0008,0016\)'):
        identify_modality(DicomTags(Path('image.dcm'), item(Modality='MG')))


@pytest.mark.parametrize(
    ('elements', 'raw'),
    [
        ({'SOPClassUID': f'{STORAGE}1.2.1'}, True),
        ({'SOPClassUID': f'{STORAGE}1.2'}, False),
        ({'SOPClassUID': f'{STORAGE}13.1.3', 'PresentationIntentType': 'FOR PROCESSING'}, True),
        ({'SOPClassUID': f'{STORAGE}13.1.3', 'PresentationIntentType': 'FOR PRESENTATION'}, False),
    ],
)
def test_raw_images_are_told_by_class_or_intent(elements, raw):
    assert is_for_processing(tags_of(**elements)) is raw
