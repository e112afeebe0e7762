"""Which objects are read as FFDM, SM or DBT, and why the others are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread
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
        ('2', {}, 'DBT'),
        ('2', {'Modality': 'CT', 'BodyPartExamined': 'BREAST'}, 'DBT'),
        ('2', {'Modality': 'CT', 'ViewPosition': 'CC'}, 'DBT'),
        ('2', {'Modality': 'CT', 'AnatomicRegionSequence': Sequence([code('T-04000', 'SNM3', 'Breast')])}, 'DBT'),
        ('7', {}, 'FFDM'),  # digitised film
    ],
)
def test_breast_images_are_recognised(sop_class, elements, modality):
    assert identify_modality(tags_of(SOPClassUID=STORAGE + sop_class, **elements)).modality == modality


_DIGITAL, _TOMOSYNTHESIS = '1.2', '13.1.3'


@pytest.mark.parametrize(
    ('sop_class', 'image_type', 'elements', 'modality', 'rule'),
    [
        (_TOMOSYNTHESIS, r'DERIVED\PRIMARY\TOMOSYNTHESIS\NONE', {'NumberOfFrames': 60}, 'DBT', 'frames'),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMO_2D\LEFT', {'NumberOfFrames': 40}, 'DBT', 'frames'),
        (
            _TOMOSYNTHESIS,
            r'DERIVED\PRIMARY',
            {'NumberOfFrames': 2, 'SeriesDescription': 'L CC Intelligent 2D'},
            'SM',
            'series',
        ),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMOSYNTHESIS\SUBTRACTION', {}, None, 'contrast'),
        (_DIGITAL, r'DERIVED\PRIMARY\POST_CONTRAST\ADDITION\LOW_ENERGY', {}, None, 'contrast'),
        (_DIGITAL, r'DERIVED\PRIMARY\POST_CONTRAST\SUBTRACTION\GENERATED_2D', {}, None, 'contrast'),
        (_DIGITAL, r'ORIGINAL\PRIMARY\PRE_CONTRAST', {}, None, 'contrast'),
        (_TOMOSYNTHESIS, r'DERIVED\PRIMARY\TOMO_SCOUT\GENERATED_2D', {}, None, 'biopsy'),
        (_DIGITAL, r'ORIGINAL\PRIMARY\STEREO_PREFIRE', {}, None, 'biopsy'),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMO\GENERATED_2D\\\\\150000', {}, 'SM', 'generated'),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMOSYNTHESIS\GENERATED_2D', {}, 'SM', 'generated'),
        (_TOMOSYNTHESIS, r'DERIVED\PRIMARY\TOMOSYNTHESIS\GENERATED_2D', {}, 'SM', 'generated'),
        (_DIGITAL, r'ORIGINAL\PRIMARY\\GENERATED_2D', {}, 'SM', 'generated'),
        (_DIGITAL, r'DERIVED\PRIMARY\\\\\\\150000', {'SeriesDescription': 'R MLO S-View'}, 'SM', 'series'),
        (_DIGITAL, '', {'SeriesDescription': 'L CC C-View'}, 'SM', 'series'),
        (_DIGITAL, r'DERIVED\PRIMARY', {'SeriesDescription': 'L CC V-Preview'}, 'SM', 'series'),
        (_DIGITAL, r'DERIVED\PRIMARY', {'SeriesDescription': 'Insight 2D L CC'}, 'SM', 'series'),
        (_DIGITAL, r'ORIGINAL\PRIMARY\\\\\\\150000', {}, 'FFDM', 'original'),
        (_DIGITAL, r'ORIGINAL\PRIMARY', {'ManufacturerModelName': 'FDR-3000AWS'}, 'FFDM', 'original'),
        (_DIGITAL, r'DERIVED\PRIMARY', {'ManufacturerModelName': 'FDR-3000AWS'}, 'SM', 'fuji'),
        (_DIGITAL, r'DERIVED\PRIMARY\POST_CONTRAST', {'ManufacturerModelName': 'FDR-3000AWS'}, None, 'contrast'),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMO_2D\LEFT', {}, None, 'undecided'),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMO_2D\RIGHT', {'SeriesDescription': 'R CC'}, None, 'undecided'),
        (_DIGITAL, r'DERIVED\PRIMARY\TOMO_PROJ\RIGHT', {}, None, 'undecided'),
        (_DIGITAL, r'DERIVED\PRIMARY\\\\\\\150000', {}, 'FFDM', 'other'),
        (_DIGITAL, '', {'SeriesDescription': 'L CC'}, 'FFDM', 'other'),
        (_TOMOSYNTHESIS, r'DERIVED\PRIMARY\TOMOSYNTHESIS\NONE', {}, 'DBT', 'other'),
        (_TOMOSYNTHESIS, r'ORIGINAL\PRIMARY\TOMOSYNTHESIS\NONE', {}, 'DBT', 'other'),
    ],
)
def test_rules_decide_in_their_order(sop_class, image_type, elements, modality, rule):
    """Image Types as seen in real headers, and as PS3.3 C.8.11.7.1.4 defines them."""
    types = {'ImageType': image_type.split('\\')} if image_type else {}
    decision = identify_modality(tags_of(SOPClassUID=STORAGE + sop_class, **types, **elements))
    assert (decision.modality, decision.rule) == (modality, rule)
    assert (decision.problem is None) == (modality is not None)


@pytest.mark.parametrize(
    ('image_type', 'problem'),
    [
        (['DERIVED', 'PRIMARY', 'TOMO_2D', 'LEFT'], 'TOMO_2D alone: FFDM or SM, not told by the header'),
        (['DERIVED', 'PRIMARY', '', 'SUBTRACTION'], 'a contrast image (Image Type SUBTRACTION), neither FFDM nor SM'),
        (['ORIGINAL', 'PRIMARY', 'TOMO_SCOUT'], 'an image of a biopsy (Image Type TOMO_SCOUT), neither FFDM nor SM'),
    ],
)
def test_what_is_left_open_is_said(image_type, problem):
    assert identify_modality(tags_of(ImageType=image_type)).problem == problem


@pytest.mark.parametrize(
    'name', ['MG-Im-GE-SenDS-scaled', 'MG-Im-GE_Seno_1_ForPresentation', 'MG-Im-GE_Seno_1_ForProcessing']
)
def test_real_headers_are_ffdm(real_data, name):
    dataset = dcmread(real_data / 'dicom_headers' / f'{name}.dcm', stop_before_pixels=True, force=True)
    assert identify_modality(DicomTags(Path(name), dataset)) == ('FFDM', 'other', None)


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
