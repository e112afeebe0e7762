"""TID 1500 measurement report as Comprehensive SR: what general viewers show.

A measurement group a finding, each with one region on one frame. Findings of one lesion share their tracking UID. A
group a breast holds its score. The summary code says that a study without findings was read.

Source: DICOM PS3.16 TID 1500, 1501, 1410; PS3.3 A.35.3 (Comprehensive SR IOD).
"""

from __future__ import annotations

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.sr.codedict import codes as sr

from mammo_plugins.structures import Laterality

from . import result_codes as codes
from .content_items import outline_points
from .evidence import evidence_items
from .lesions import Lesion, gather_lesions
from .result_objects import result_uid, series_arguments, stamp
from .result_settings import ResultSettings
from .study_results import Mark, ReadImage, StudyResults

_CODING = 'SCT'  # viewers that read this report know no other
_SIDES = {Laterality.LEFT: sr.SCT.Left, Laterality.RIGHT: sr.SCT.Right}
_BREAST = hd.sr.CodedConcept('76752008', 'SCT', 'Breast')
_QUADRANTS = {
    'upper outer': hd.sr.CodedConcept('76365002', 'SCT', 'Upper outer quadrant of breast'),
    'upper inner': hd.sr.CodedConcept('77831004', 'SCT', 'Upper inner quadrant of breast'),
    'lower outer': hd.sr.CodedConcept('33564002', 'SCT', 'Lower outer quadrant of breast'),
    'lower inner': hd.sr.CodedConcept('19100000', 'SCT', 'Lower inner quadrant of breast'),
}


def build_measurement_report(results: StudyResults, settings: ResultSettings) -> Dataset:
    """The report of a study: findings that a reader may be shown, and the scores of breasts."""
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=_observer(results, settings)),
        procedure_reported=sr.SCT.ImagingProcedure,
        imaging_measurements=_groups(results, settings),
        title=sr.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=hd.sr.LanguageOfContentItemAndDescendants(_concept(codes.ENGLISH)),
        referenced_images=None,
    )
    evidence = [_with_empty_modules(header) for header in results.headers()]
    dataset = hd.sr.ComprehensiveSR(
        evidence=evidence,
        content=report[0],
        is_complete=True,
        is_final=False,
        is_verified=False,
        record_evidence=True,
        **series_arguments(results, settings, 'sr', 1),
    )
    dataset.CurrentRequestedProcedureEvidenceSequence = evidence_items(results)
    return stamp(dataset, results, settings, 'sr')


def _groups(results: StudyResults, settings: ResultSettings) -> list[hd.sr.Template]:
    groups = [
        _finding_group(results, settings, lesion, image, mark)
        for lesion in gather_lesions(results, settings, settings.optional_from)
        for image, mark in lesion.places
    ]
    groups += [_breast_group(results, settings, side) for side in sorted(results.breast_scores)]
    if not groups or (results.failed and not results.breast_scores):  # a breast's group says what failed
        groups.append(_summary_group(results, settings))
    return groups


def _finding_group(
    results: StudyResults, settings: ResultSettings, lesion: Lesion, image: ReadImage, mark: Mark
) -> hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """TID 1410: one region on one frame."""
    reference = image.reference(mark.slice_index)
    source = hd.sr.SourceImageForRegion(
        reference.instance.SOPClassUID,
        reference.instance.SOPInstanceUID,
        None if reference.frame is None else [reference.frame],
    )
    corners = np.reshape(outline_points(mark.box_xyxy), (-1, 2))
    measurements = [_measure(_concept(codes.CERTAINTY), 100 * mark.score, sr.UCUM.Percent)]
    where = mark.location
    if where is not None and where.nipple_mm is not None:
        measurements.append(_measure(sr.DCM.DistanceFromNipple, where.nipple_mm, sr.UCUM.Millimeter))
    quadrant = None if where is None else _QUADRANTS.get(where.quadrant)
    name = lesion.name if where is None else f'{lesion.name}: {where.words}'
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=lesion.uid, identifier=name),
        referenced_region=hd.sr.ImageRegion(hd.sr.GraphicTypeValues.POLYLINE, corners, source),
        finding_type=_concept(codes.finding_code(settings.finding, _CODING)),
        algorithm_id=_algorithm(results),
        finding_sites=[hd.sr.FindingSite(_BREAST, _SIDES[image.view.laterality], quadrant)],
        measurements=measurements,
    )


def _breast_group(
    results: StudyResults, settings: ResultSettings, side: Laterality
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """TID 1501: the score of a breast, from its images."""
    images = [image for image in results.images if image.view.laterality is side]
    sources = [
        hd.sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)
        for image in images
        for header in image.instances
    ]
    name = f'{side.value} breast'
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(result_uid(results, settings, 'breast', side.value), name),
        algorithm_id=_algorithm(results),
        finding_sites=[hd.sr.FindingSite(_BREAST, _SIDES[side])],
        measurements=[_measure(_concept(codes.PROBABILITY), 100 * results.breast_scores[side], sr.UCUM.Percent)],
        qualitative_evaluations=[_summary(results, settings)],
        source_images=sources,
    )


def _summary_group(results: StudyResults, settings: ResultSettings) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """TID 1501 of a study with neither findings nor scores: that it was read, or that it could not be."""
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(result_uid(results, settings, 'study'), 'study'),
        algorithm_id=_algorithm(results),
        qualitative_evaluations=[_summary(results, settings)],
        source_images=[
            hd.sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)
            for header in results.headers()
        ],
    )


def _summary(results: StudyResults, settings: ResultSettings) -> hd.sr.QualitativeEvaluation:
    return hd.sr.QualitativeEvaluation(_concept(codes.SUMMARY), _concept(codes.summary_code(results, settings)))


def _measure(name: hd.sr.CodedConcept, value: float, unit: hd.sr.CodedConcept) -> hd.sr.Measurement:
    return hd.sr.Measurement(name, float(value), unit)


def _algorithm(results: StudyResults) -> hd.sr.AlgorithmIdentification:
    return hd.sr.AlgorithmIdentification(results.model.name, results.model.version)


def _observer(results: StudyResults, settings: ResultSettings) -> hd.sr.ObserverContext:
    attributes = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=result_uid(results, settings, 'device'),
        name=results.model.name,
        manufacturer_name=settings.manufacturer,
        model_name=settings.model_name,
    )
    return hd.sr.ObserverContext(sr.DCM.Device, attributes)


def _concept(code: codes.Code) -> hd.sr.CodedConcept:
    return hd.sr.CodedConcept(code.value, code.scheme, code.meaning)


def _with_empty_modules(header: Dataset) -> Dataset:
    """Only what names an image: highdicom checks patient and study modules, which are copied unchecked later."""
    named = Dataset()
    for keyword in ('SOPClassUID', 'SOPInstanceUID', 'SeriesInstanceUID', 'StudyInstanceUID'):
        setattr(named, keyword, header[keyword].value)
    for keyword in ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'AccessionNumber', 'StudyID'):
        setattr(named, keyword, '')
    named.StudyDate = named.StudyTime = None
    return named
