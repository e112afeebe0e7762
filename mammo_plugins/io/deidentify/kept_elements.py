"""What becomes of each element, by its keyword. What is on none of these lists is removed, as are all private ones.

Source: DICOM PS3.15 Table E.1-1, and PS3.3 for what the objects need. Table E.3.10-1 (safe private attributes) has none
of mammography.
"""

from __future__ import annotations

from .refusal import IMAGES, PRESENTATIONS, REPORTS, SEGMENTATIONS

IDS = frozenset('PatientID StudyID DeviceSerialNumber TrackingID'.split())
"""Replaced by an identifier under the key."""

EMPTIED = frozenset(
    'AccessionNumber ReferringPhysicianName PatientBirthDate PositionReferenceIndicator ContentDescription '
    'ContentCreatorName AcquisitionContextSequence ReferencedPerformedProcedureStepSequence '
    'PerformedProcedureCodeSequence'.split()
)
"""Needed by the objects, but may be empty (type 2)."""

DESCRIPTIONS = frozenset(
    'SeriesDescription StudyDescription ProtocolName PaddleDescription AcquisitionDeviceProcessingDescription '
    'PerformedProcedureStepDescription'.split()
)
"""Free texts that tell the kind of view; see :func:`.safe_words.keep_safe_words`."""

FIXED = {'VerificationFlag': 'UNVERIFIED', 'ContentLabel': 'CLEANED'}
"""Needed, and set to a value of ours: a verified report names who verified it, a label is free."""

_GENERAL = """
SpecificCharacterSet SOPClassUID SOPInstanceUID Modality ImageType StudyInstanceUID SeriesInstanceUID SeriesNumber
InstanceNumber AcquisitionNumber StudyDate StudyTime SeriesDate SeriesTime AcquisitionDate AcquisitionTime
AcquisitionDateTime ContentDate ContentTime PatientSex PatientAge Manufacturer ManufacturerModelName
SoftwareVersions ContributingEquipmentSequence FrameOfReferenceUID SynchronizationFrameOfReferenceUID
DeidentificationMethodCodeSequence
"""

_CODES = """
CodeValue LongCodeValue CodingSchemeDesignator CodingSchemeVersion CodeMeaning ContextIdentifier ContextUID
MappingResource MappingResourceUID
"""

_REFERENCES = """
ReferencedSOPClassUID ReferencedSOPInstanceUID ReferencedFrameNumber ReferencedSegmentNumber ReferencedSeriesSequence
ReferencedSOPSequence ReferencedImageSequence ReferencedInstanceSequence SourceImageSequence DerivationImageSequence
DerivationCodeSequence PurposeOfReferenceCodeSequence SpatialLocationsPreserved
CurrentRequestedProcedureEvidenceSequence PertinentOtherEvidenceSequence ReferencedFrameOfReferenceUID
"""

_VIEW = """
ImageLaterality Laterality FrameLaterality ViewPosition BodyPartExamined PartialView PartialViewCodeSequence
BreastImplantPresent PatientOrientation ViewCodeSequence ViewModifierCodeSequence AnatomicRegionSequence
AnatomicRegionModifierSequence OrganExposed QualityControlImage
"""

_ACQUISITION = """
PositionerType PositionerPrimaryAngle PositionerPrimaryAngleDirection PositionerSecondaryAngle CompressionForce
BodyPartThickness EstimatedRadiographicMagnificationFactor DistanceSourceToDetector DistanceSourceToPatient
DistanceSourceToEntrance KVP ExposureTime ExposureTimeInuS XRayTubeCurrent XRayTubeCurrentInuA Exposure ExposureInuAs
ExposureControlMode RelativeXRayExposure OrganDose EntranceDoseInmGy HalfValueLayer AnodeTargetMaterial FilterMaterial
FilterType FilterThicknessMinimum FilterThicknessMaximum FocalSpots Grid DetectorType DetectorConfiguration
DetectorBinning DetectorActiveShape DetectorActiveDimensions DetectorActiveOrigin DetectorElementPhysicalSize
DetectorElementSpacing FieldOfViewShape FieldOfViewDimensions FieldOfViewOrigin FieldOfViewRotation
FieldOfViewHorizontalFlip XRay3DAcquisitionSequence ScanArc TubeAngle
PrimaryPositionerScanArc PrimaryPositionerScanStartAngle PrimaryPositionerIncrement
"""

_PIXELS = """
SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns PixelAspectRatio BitsAllocated
BitsStored HighBit PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue
PixelPaddingRangeLimit PixelSpacing ImagerPixelSpacing PixelSpacingCalibrationType SliceThickness SpacingBetweenSlices
SliceLocation ImagePositionPatient ImageOrientationPatient BurnedInAnnotation LossyImageCompression
LossyImageCompressionRatio LossyImageCompressionMethod PresentationIntentType PresentationLUTShape
PixelIntensityRelationship PixelIntensityRelationshipSign RescaleIntercept RescaleSlope RescaleType WindowCenter
WindowWidth VOILUTFunction VOILUTSequence ModalityLUTSequence ModalityLUTType LUTDescriptor LUTData
FrameIncrementPointer ExtendedOffsetTable ExtendedOffsetTableLengths PixelData
"""

_FRAMES = """
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence PlaneOrientationSequence
PlanePositionSequence FrameAnatomySequence PixelValueTransformationSequence FrameVOILUTSequence FrameContentSequence
StackID InStackPositionNumber TemporalPositionIndex FrameAcquisitionNumber FrameReferenceDateTime
FrameAcquisitionDateTime FrameAcquisitionDuration DimensionIndexValues DimensionOrganizationSequence
DimensionOrganizationUID DimensionOrganizationType DimensionIndexSequence DimensionIndexPointer FunctionalGroupPointer
XRay3DFrameTypeSequence FrameType PixelPresentation VolumetricProperties VolumeBasedCalculationTechnique
ContentQualification
"""

_SEGMENTS = """
SegmentationType SegmentationFractionalType MaximumFractionalValue SegmentSequence SegmentNumber SegmentLabel
SegmentAlgorithmType SegmentAlgorithmName SegmentedPropertyCategoryCodeSequence SegmentedPropertyTypeCodeSequence
SegmentationAlgorithmIdentificationSequence AlgorithmFamilyCodeSequence AlgorithmName AlgorithmVersion
SegmentIdentificationSequence SegmentsOverlap RecommendedDisplayCIELabValue TrackingUID
"""

_REPORTS = """
ValueType ConceptNameCodeSequence ConceptCodeSequence ContinuityOfContent ContentTemplateSequence TemplateIdentifier
ContentSequence RelationshipType MeasuredValueSequence NumericValue FloatingPointValue MeasurementUnitsCodeSequence
NumericValueQualifierCodeSequence TextValue UID DateTime Date Time GraphicType GraphicData PixelOriginInterpretation
FiducialUID ReferencedContentItemIdentifier CompletionFlag PreliminaryFlag ObservationDateTime ObservationUID
"""

_MARKS = """
PresentationCreationDate PresentationCreationTime GraphicAnnotationSequence GraphicLayer GraphicObjectSequence
GraphicAnnotationUnits GraphicDimensions NumberOfGraphicPoints GraphicFilled TextObjectSequence UnformattedTextValue
BoundingBoxAnnotationUnits BoundingBoxTopLeftHandCorner BoundingBoxBottomRightHandCorner
BoundingBoxTextHorizontalJustification AnchorPoint AnchorPointVisibility AnchorPointAnnotationUnits
DisplayedAreaSelectionSequence DisplayedAreaTopLeftHandCorner DisplayedAreaBottomRightHandCorner PresentationSizeMode
PresentationPixelSpacing PresentationPixelAspectRatio PresentationPixelMagnificationRatio GraphicLayerSequence
GraphicLayerOrder SoftcopyVOILUTSequence ImageRotation ImageHorizontalFlip GraphicType GraphicData TrackingUID
"""


def kept_elements(sop_class_uid: str) -> frozenset[str]:
    """Keywords that stay in some form in objects of a class.

    Codes keep their value, and their meaning comes from the standard's dictionaries.
    """
    lists = [_GENERAL, _CODES, _REFERENCES]
    if sop_class_uid in IMAGES:
        lists += [_VIEW, _ACQUISITION, _PIXELS, _FRAMES]
    elif sop_class_uid in SEGMENTATIONS:
        lists += [_VIEW, _PIXELS, _FRAMES, _SEGMENTS]
    elif sop_class_uid in REPORTS:
        lists += [_REPORTS]
    elif sop_class_uid in PRESENTATIONS:
        lists += [_VIEW, _PIXELS, _MARKS]
    words = frozenset(word for text in lists for word in text.split())
    return words | IDS | EMPTIED | DESCRIPTIONS | FIXED.keys()
