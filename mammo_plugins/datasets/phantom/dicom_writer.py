"""Phantom images as DICOM files: Digital Mammography and Breast Tomosynthesis objects."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import BreastTomosynthesisImageStorage, DigitalMammographyXRayImageStorageForPresentation

from mammo_plugins.io.dicom_out.code_items import code_item

from .dicom_identity import ImageIdentity, set_pixel_format, start_dataset
from .frame_encoding import encode_frames
from .patient_geometry import image_orientation, slice_positions
from .pixel_grid import PixelGrid
from .vendor_style import VendorStyle

_VOLUME_TYPE = ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'NONE']
_EXPOSED_TYPE = ['ORIGINAL', 'PRIMARY', '']
_SYNTHETIC_TYPE = ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'GENERATED_2D']
"""As vendors and the IHE DBT profile write it, though value 3 is none of the terms of PS3.3 C.8.11.7.1.4."""


def write_mammogram(
    path: Path, pixels: np.ndarray, identity: ImageIdentity, grid: PixelGrid, vendor: VendorStyle, synthetic: bool
) -> None:
    """Writes an FFDM or a synthetic mammogram as Digital Mammography X-Ray Image, For Presentation (PS3.3 A.26.3).

    Args:
        path: file to write; its folder is made.
        pixels: uint16 (H, W), bright where dense, in stored orientation.
        identity: whose image.
        grid: its size.
        vendor: decides bits, compression and whether it is stored inverted.
        synthetic: made from tomosynthesis, not exposed.
    """
    dataset = start_dataset(identity, DigitalMammographyXRayImageStorageForPresentation, vendor.ffdm_syntax, vendor)
    inverted = vendor.inverted_ffdm and not synthetic
    bits = vendor.ffdm_bits
    set_pixel_format(dataset, grid.rows, grid.columns, bits, 'MONOCHROME1' if inverted else 'MONOCHROME2')
    dataset.PresentationLUTShape = 'INVERSE' if inverted else 'IDENTITY'
    dataset.ImageType = _SYNTHETIC_TYPE if synthetic else _EXPOSED_TYPE
    dataset.SeriesDescription = f'{identity.laterality} {identity.position} ' + ('synthetic' if synthetic else 'FFDM')
    dataset.PresentationIntentType = 'FOR PRESENTATION'
    dataset.ImageLaterality, dataset.ViewPosition = identity.laterality, identity.position
    dataset.OrganExposed = 'BREAST'
    dataset.PositionerType, dataset.DetectorType = 'MAMMOGRAPHIC', 'DIRECT'
    dataset.BodyPartThickness = f'{grid.thickness_mm:.1f}'
    dataset.ImagerPixelSpacing = dataset.PixelSpacing = _spacing(grid.pixel_mm)
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = 'LOG', 1 if not inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, 'US'
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 2 ** (bits - 1), 2**bits, 'LINEAR'
    dataset.AnatomicRegionSequence = Sequence([code_item('76752008', 'Breast')])
    stored = np.uint16(2**bits - 1) - pixels if inverted else pixels
    dataset.PixelData = encode_frames([stored], bits, vendor.ffdm_syntax)
    _save(dataset, path)


def write_tomosynthesis(
    path: Path,
    frames: Iterable[np.ndarray],
    num_slices: int,
    identity: ImageIdentity,
    grid: PixelGrid,
    vendor: VendorStyle,
    spacing_known: bool,
    syntax: str,
    placed: bool = False,
) -> None:
    """Writes a volume as Breast Tomosynthesis Image (PS3.3 A.55), frame by frame.

    Args:
        path: file to write; its folder is made.
        frames: uint16 (H, W) slices in stored orientation, from below upwards; consumed once.
        num_slices: how many.
        identity: whose image.
        grid: its size.
        vendor: decides the bits.
        spacing_known: false imitates the published volumes: no Pixel Spacing, Slice Thickness holds the thickness
            of the whole breast, and all frames claim the same position.
        syntax: transfer syntax UID.
        placed: state where the slices lie in the patient, see :mod:`.patient_geometry`; else they have their heights
            only.
    """
    dataset = start_dataset(identity, BreastTomosynthesisImageStorage, syntax, vendor)
    bits = vendor.dbt_bits
    set_pixel_format(dataset, grid.rows, grid.columns, bits, 'MONOCHROME2')
    dataset.NumberOfFrames = num_slices
    dataset.ImageType = _VOLUME_TYPE
    dataset.SeriesDescription = f'{identity.laterality} {identity.position} tomosynthesis'
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = identity.frame_of_reference_uid, ''
    dataset.ImageLaterality, dataset.ViewPosition = identity.laterality, identity.position
    dataset.BodyPartThickness = f'{grid.thickness_mm:.1f}'
    dataset.PixelPresentation, dataset.VolumetricProperties = 'MONOCHROME', 'VOLUME'
    dataset.VolumeBasedCalculationTechnique = 'TOMOSYNTHESIS'
    dataset.ContentQualification = 'RESEARCH'
    slice_mm = grid.thickness_mm / num_slices
    shared = _shared_groups(identity, grid, bits, slice_mm, spacing_known)
    positions = [[0, 0, f'{index * slice_mm if spacing_known else 0:.4f}'] for index in range(num_slices)]
    if placed:
        shared.PlaneOrientationSequence[0].ImageOrientationPatient = _decimals(image_orientation(identity).ravel())
        positions = [_decimals(position) for position in slice_positions(identity, grid, num_slices)]
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _frame_groups(index, position) for index, position in enumerate(positions)
    )
    if not spacing_known:
        dataset.SliceThickness = f'{grid.thickness_mm:.1f}'
    dataset.PixelData = encode_frames(frames, bits, syntax)
    _save(dataset, path)


def _shared_groups(
    identity: ImageIdentity, grid: PixelGrid, bits: int, slice_mm: float, spacing_known: bool
) -> Dataset:
    """Functional groups that all frames share (PS3.3 C.7.6.16)."""
    shared = Dataset()
    measures = Dataset()
    measures.SliceThickness = f'{slice_mm if spacing_known else grid.thickness_mm:.4f}'
    if spacing_known:
        measures.PixelSpacing = _spacing(grid.pixel_mm)
        measures.SpacingBetweenSlices = f'{slice_mm:.4f}'
    shared.PixelMeasuresSequence = Sequence([measures])
    orientation = Dataset()
    orientation.ImageOrientationPatient = [0, 1 if identity.mirrored else -1, 0, 1 if identity.mirrored else -1, 0, 0]
    shared.PlaneOrientationSequence = Sequence([orientation])
    anatomy = Dataset()
    anatomy.FrameLaterality = identity.laterality
    anatomy.AnatomicRegionSequence = Sequence([code_item('76752008', 'Breast')])
    shared.FrameAnatomySequence = Sequence([anatomy])
    values = Dataset()
    values.RescaleIntercept, values.RescaleSlope, values.RescaleType = 0, 1, 'US'
    shared.PixelValueTransformationSequence = Sequence([values])
    window = Dataset()
    window.WindowCenter, window.WindowWidth, window.VOILUTFunction = 2 ** (bits - 1), 2**bits, 'LINEAR'
    shared.FrameVOILUTSequence = Sequence([window])
    return shared


def _frame_groups(index: int, position_mm: list) -> Dataset:
    """Functional groups of one frame."""
    frame, content, position, frame_type = Dataset(), Dataset(), Dataset(), Dataset()
    content.StackID, content.InStackPositionNumber = '1', index + 1
    content.FrameAcquisitionNumber = 1
    frame.FrameContentSequence = Sequence([content])
    position.ImagePositionPatient = position_mm
    frame.PlanePositionSequence = Sequence([position])
    frame_type.FrameType = _VOLUME_TYPE
    frame_type.PixelPresentation, frame_type.VolumetricProperties = 'MONOCHROME', 'VOLUME'
    frame_type.VolumeBasedCalculationTechnique = 'TOMOSYNTHESIS'
    frame.XRay3DFrameTypeSequence = Sequence([frame_type])
    return frame


def _spacing(pixel_mm: float) -> list[str]:
    return [f'{pixel_mm:.6f}'] * 2


def _decimals(values: np.ndarray) -> list[str]:
    """Decimal strings of at most 16 characters (PS3.5 6.2), without a negative zero."""
    return [f'{value + 0.0:.8f}' for value in values]


def _save(dataset: Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
