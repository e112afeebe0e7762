"""Mammography CAD SR: what the codes say, and how items hang together."""

from __future__ import annotations

import pytest

from mammo_plugins.io.dicom_out import result_codes as codes
from mammo_plugins.io.dicom_out.cad_report import build_cad_report
from mammo_plugins.io.dicom_out.read_back import read_marks
from mammo_plugins.io.dicom_out.result_settings import ResultSettings

from .result_cases import header, image, mark, results

SETTINGS = ResultSettings(required_from=0.6, optional_from=0.2)


def named(item, code):
    """Items of a concept below another, at any depth."""
    found = []
    for child in item.get('ContentSequence', []):
        if child.get('ConceptNameCodeSequence') and child.ConceptNameCodeSequence[0].CodeValue == code.value:
            found.append(child)
        found += named(child, code)
    return found


def value(item):
    return item.ConceptCodeSequence[0].CodeValue


FOUND, CLEAN = image('a', (mark(),)), image('a')


@pytest.mark.parametrize(
    ('images', 'failed', 'code', 'detections'),
    [
        ((CLEAN,), (), '111241', '111222'),
        ((FOUND,), (), '111242', '111222'),
        ((CLEAN,), (header('bad'),), '111243', '111223'),
        ((FOUND,), (header('bad'),), '111244', '111223'),
        ((), (header('bad'),), '111245', '111224'),
    ],
)
def test_summary_says_whether_something_was_found_and_whether_images_failed(images, failed, code, detections):
    report = build_cad_report(results(*images, failed=failed), SETTINGS)
    assert value(named(report, codes.SUMMARY)[0]) == code
    assert value(named(report, codes.DETECTIONS)[0]) == detections


def test_evidence_and_library_list_images_without_findings_and_failed_ones():
    study = results(FOUND, image('bb', view='L-MLO'), failed=(header('ccc'),))
    report = build_cad_report(study, SETTINGS)
    listed = [
        reference.ReferencedSOPInstanceUID
        for series in report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    ]
    library = [item.ReferencedSOPSequence[0] for item in named(report, codes.IMAGE_LIBRARY)[0].ContentSequence]
    assert listed == [item.ReferencedSOPInstanceUID for item in library] == [h.SOPInstanceUID for h in study.headers()]


def test_rendering_intent_follows_the_thresholds():
    marks = (mark(0, 0.6), mark(10, 0.59), mark(20, 0.2), mark(30, 0.19))
    report = build_cad_report(results(image('a', marks)), SETTINGS)
    assert [found.intent for found in read_marks(report)] == ['111150', '111151', '111151', '111152']


def test_a_lesion_in_two_views_is_one_composite_feature():
    cc, mlo = image('a', (mark(5, 0.3, 1), mark(20, 0.9))), image('bb', (mark(9, 0.7, 1),), 'L-MLO')
    report = build_cad_report(results(cc, mlo), SETTINGS)
    impressions = named(report, codes.IMPRESSION)
    assert [len(named(impression, codes.SINGLE_FINDING)) for impression in impressions] == [2, 1]
    (composite,) = named(report, codes.COMPOSITE_FEATURE)
    assert value(named(composite, codes.COMPOSITE_TYPE)[0]) == '111154'
    assert value(composite.ContentSequence[0]) == '111150', 'the most suspicious of its findings decides'
    first, second, other = read_marks(report)
    assert first.tracking_uid == second.tracking_uid != other.tracking_uid


def test_lesions_of_both_breasts_and_of_two_modalities_are_not_joined():
    images = [
        image('a', (mark(lesion=1),)),
        image('bb', (mark(lesion=1),), 'R-CC'),
        image('ccc', (mark(lesion=1),), frames=3),
    ]
    report = build_cad_report(results(*images), SETTINGS)
    assert len({found.tracking_uid for found in read_marks(report)}) == 3
    assert not named(report, codes.COMPOSITE_FEATURE)


def test_three_findings_of_a_lesion_are_composites_of_two_each():
    images = [image(name, (mark(lesion=1),), view) for name, view in (('a', 'L-CC'), ('bb', 'L-MLO'), ('ccc', 'L-ML'))]
    composites = named(build_cad_report(results(*images), SETTINGS), codes.COMPOSITE_FEATURE)
    kinds = [
        [child.ConceptNameCodeSequence[0].CodeValue for child in composite.ContentSequence[-2:]]
        for composite in composites
    ]
    assert kinds == [['111059', '111015'], ['111059', '111059']]


def test_a_frame_of_a_volume_is_named_and_counted_from_one():
    (found,) = read_marks(build_cad_report(results(image('a', (mark(slice_index=2),), frames=5)), SETTINGS))
    assert found.frame == 3


def test_scores_of_breasts_and_case_are_percentages():
    report = build_cad_report(results(CLEAN, left=0.625), SETTINGS)
    (breast,) = named(report, codes.PROBABILITY)
    assert float(breast.MeasuredValueSequence[0].NumericValue) == 62.5
    assert value(breast.ContentSequence[0]) == '80248007'
    assert float(named(report, codes.IMPRESSION_CERTAINTY)[0].MeasuredValueSequence[0].NumericValue) == 62.5
    assert value(named(report, codes.ANALYSES)[0]) == '111222'


def test_a_model_that_gives_scores_only_attempted_no_detection():
    report = build_cad_report(results(CLEAN, left=0.5, finds=False), SETTINGS)
    assert value(named(report, codes.DETECTIONS)[0]) == '111225'


@pytest.mark.parametrize(
    ('settings', 'finding', 'side'),
    [
        (ResultSettings(), ('129793001', 'SCT'), '80248007'),
        (ResultSettings(coding='SRT'), ('F-01796', 'SRT'), 'T-04030'),
        (ResultSettings(finding='calcification cluster'), ('129769006', 'SCT'), '80248007'),
        (ResultSettings(finding='calcification cluster', coding='SRT'), ('F-01775', 'SRT'), 'T-04030'),
    ],
)
def test_codes_follow_the_settings(settings, finding, side):
    report = build_cad_report(results(FOUND), settings)
    coded = named(report, codes.SINGLE_FINDING)[0].ConceptCodeSequence[0]
    assert (coded.CodeValue, coded.CodingSchemeDesignator) == finding
    assert value(named(report, codes.IMAGE_LATERALITY)[0]) == side


def test_what_a_header_lacks_is_not_in_the_library():
    bare = header('a', PatientOrientation='', StudyTime='')
    report = build_cad_report(results(image('a'), failed=(bare,)), ResultSettings())
    library = named(report, codes.IMAGE_LIBRARY)[0]
    assert len(named(library, codes.ORIENTATION_ROW)) == 1 and len(named(library, codes.STUDY_TIME)) == 1
    assert not named(library, codes.HORIZONTAL_SPACING) and len(named(library, codes.STUDY_DATE)) == 2
