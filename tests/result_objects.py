"""DICOM objects about an image, made by highdicom: a report, a presentation state and a segmentation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from highdicom import UID, AlgorithmIdentificationSequence, PresentationLUTTransformation
from highdicom.pr import (
    AnnotationUnitsValues,
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GraphicTypeValues,
    GrayscaleSoftcopyPresentationState,
    TextObject,
)
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.sr import (
    AlgorithmIdentification,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    ImageRegion,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    SourceImageForRegion,
    TrackingIdentifier,
)
from highdicom.sr import GraphicTypeValues as ReportGraphics
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

_NAMES = dict(manufacturer='maker', manufacturer_model_name='model', software_versions='1', device_serial_number='1')
_OUTLINE = np.array([[1.0, 1], [9, 1], [9, 9], [1, 9], [1, 1]])


def measurement_report(image: Dataset, tracking: str = '1', observer: ObserverContext | None = None) -> Dataset:
    """TID 1500 of one outlined finding, by a device unless another observer is given."""
    device = DeviceObserverIdentifyingAttributes(uid=UID(), name='reader', serial_number='77')
    finding = PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=UID(), identifier=tracking),
        referenced_region=ImageRegion(
            ReportGraphics.POLYLINE, _OUTLINE, SourceImageForRegion.from_source_image(image, _frames(image))
        ),
        finding_type=codes.SCT.Mass,
        finding_sites=[FindingSite(codes.SCT.Breast)],
        algorithm_id=AlgorithmIdentification('detector', '1'),
    )
    content = MeasurementReport(
        ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device))
        if observer is None
        else ObservationContext(observer_person_context=observer),
        procedure_reported=Code('363679005', 'SCT', 'Imaging procedure'),
        imaging_measurements=[finding],
    )
    return ComprehensiveSR([image], content, UID(), 9, UID(), 1, manufacturer='maker')


def presentation_state(image: Dataset, texts: Sequence[str]) -> Dataset:
    """An outline, and an annotation a text, in one layer."""
    pixels, layer = AnnotationUnitsValues.PIXEL, GraphicLayer('MARKS', 1, 'of a reader')
    outline = GraphicObject(GraphicTypeValues.POLYLINE, _OUTLINE, pixels)
    labels = [TextObject(text, pixels, anchor_point=(9.0, 1.0)) for text in texts]
    annotations = [GraphicAnnotation([image], layer, graphic_objects=[outline])]
    annotations += [GraphicAnnotation([image], layer, text_objects=[label]) for label in labels]
    made = GrayscaleSoftcopyPresentationState(
        [image],
        UID(),
        8,
        UID(),
        1,
        content_label='MARKS',
        content_description='of a reader',
        graphic_annotations=annotations,
        graphic_layers=[layer],
        presentation_lut_transformation=PresentationLUTTransformation('IDENTITY'),
        **_NAMES,
    )
    made.Laterality = image.ImageLaterality
    return made


def segmentation(image: Dataset, label: str = 'finding') -> Dataset:
    """A square in the middle frame."""
    marked = np.zeros((int(image.get('NumberOfFrames', 1)), image.Rows, image.Columns), np.uint8)
    marked[len(marked) // 2, 5:9, 5:9] = 1
    software = AlgorithmIdentificationSequence('detector', Code('123109', 'DCM', 'Artificial Intelligence'), '1')
    kind = SegmentDescription(
        1,
        label,
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Neoplasm,
        SegmentAlgorithmTypeValues.AUTOMATIC,
        software,
    )
    made = Segmentation([image], marked, SegmentationTypeValues.BINARY, [kind], UID(), 7, UID(), 1, **_NAMES)
    if 'FrameOfReferenceUID' not in image:  # a projection has no plane in the patient; highdicom drops its directions
        made.PatientOrientation = image.PatientOrientation
    return made


def _frames(image: Dataset) -> list[int] | None:
    return [1] if int(image.get('NumberOfFrames', 1)) > 1 else None
