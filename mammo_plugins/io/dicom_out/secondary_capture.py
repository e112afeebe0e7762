"""Secondary capture: pictures with outlines and scores burned in, for viewers that know nothing better.

One picture a slice with findings that may be shown, in 8 bits and the orientation of the source. The brightest levels
are kept for outlines and text, so that neither can be mistaken for tissue.

Source: DICOM PS3.3 A.8.1 (Secondary Capture Image IOD), C.8.6.1 (SC Equipment), C.7.6.1 (Burned In Annotation).
"""

from __future__ import annotations

from collections.abc import Callable

import highdicom as hd
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.sequence import Sequence

from .code_items import code_item
from .content_items import image_reference
from .marked_pixels import covered_pixels
from .result_objects import series_arguments, stamp
from .result_settings import ResultSettings
from .secondary_capture_levels import BRIGHTEST_TISSUE, OUTLINE_LEVEL, TEXT_LEVEL
from .study_results import Mark, ReadImage, StudyResults

_OUTLINE_SHARE, _TEXT_SHARE = 1 / 600, 1 / 60  # of the shorter side
_SOURCE_PURPOSE = ('121322', 'Source image for image processing operation', 'DCM')

ReadPicture = Callable[[int, int], npt.NDArray[np.float32]]
"""Position of an image among those of a study, and a slice, to intensities (H, W) in [0, 1], dense tissue bright."""


def build_secondary_captures(
    results: StudyResults, settings: ResultSettings, read_picture: ReadPicture
) -> list[Dataset]:
    """A picture a slice with findings that may be shown."""
    built: list[Dataset] = []
    for position, image in enumerate(results.images):
        by_slice: dict[int, list[Mark]] = {}
        for mark in results.shown_marks(image, settings):
            by_slice.setdefault(mark.slice_index, []).append(mark)
        for slice_index, marks in sorted(by_slice.items()):
            pixels = burn_marks(read_picture(position, slice_index), marks)
            built.append(_build(results, settings, image, slice_index, pixels, len(built) + 1))
    return built


def burn_marks(picture: npt.NDArray[np.floating], marks: list[Mark]) -> npt.NDArray[np.uint8]:
    """(H, W) grey levels with the outline of each mark around the pixels that it covers, and its score above it.

    Args:
        picture: (H, W) intensities in [0, 1].
        marks: findings of the slice.
    """
    pixels = np.rint(np.clip(picture, 0, 1) * BRIGHTEST_TISSUE).astype(np.uint8)
    for mark in marks:
        _burn_label(pixels, mark)
    for mark in marks:  # over the labels, so that each outline is whole
        pixels[outline_mask(mark.box_xyxy, pixels.shape)] = OUTLINE_LEVEL
    return pixels


def outline_mask(box_xyxy: tuple[float, ...], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(H, W) true on the frame just outside of the pixels that a box covers, as far as the image reaches."""
    rows, columns = covered_pixels(box_xyxy)
    width = max(1, round(min(shape) * _OUTLINE_SHARE))
    mask = np.zeros(shape, bool)
    mask[max(0, rows.start - width) : rows.stop + width, max(0, columns.start - width) : columns.stop + width] = True
    mask[rows, columns] = False
    return mask


def _burn_label(pixels: npt.NDArray[np.uint8], mark: Mark) -> None:
    text = f'{mark.score:.2f}' + (f' ({mark.lesion})' if mark.lesion else '')
    label = _text_pixels(text, max(1, round(min(pixels.shape) * _TEXT_SHARE / 11)))
    label = label[: pixels.shape[0], : pixels.shape[1]]
    rows, columns = covered_pixels(mark.box_xyxy)
    gap = 2 * max(1, round(min(pixels.shape) * _OUTLINE_SHARE))
    top = rows.start - gap - label.shape[0]
    if top < 0:
        top = min(rows.stop + gap, pixels.shape[0] - label.shape[0])
    left = min(columns.start, pixels.shape[1] - label.shape[1])
    pixels[top : top + label.shape[0], left : left + label.shape[1]] = label


def _text_pixels(text: str, scale: int) -> npt.NDArray[np.uint8]:
    """Letters of a built-in bitmap font, enlarged by a whole number."""
    font = ImageFont.load_default()
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new('L', (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((1 - left, 1 - top), text, fill=255, font=font)
    letters = (np.asarray(picture) > 127).astype(np.uint8) * TEXT_LEVEL
    return letters.repeat(scale, axis=0).repeat(scale, axis=1)


def _build(
    results: StudyResults,
    settings: ResultSettings,
    image: ReadImage,
    slice_index: int,
    pixels: npt.NDArray[np.uint8],
    number: int,
) -> Dataset:
    reference = image.reference(slice_index)
    directions = reference.instance.get('PatientOrientation') or ()
    has_directions = not isinstance(directions, str) and len(directions) == 2 and all(directions)
    arguments = series_arguments(results, settings, 'sc', number, image.view.laterality)
    for name in ('manufacturer_model_name', 'software_versions', 'device_serial_number'):
        del arguments[name]  # set by the stamp; this class does not take them
    dataset = hd.sc.SCImage(
        pixel_array=pixels,
        photometric_interpretation='MONOCHROME2',
        bits_allocated=8,
        coordinate_system='PATIENT',
        study_instance_uid=results.first.StudyInstanceUID,
        laterality=image.view.laterality.value,
        patient_orientation=('A', 'F'),  # it takes no oblique ones, such as FR; set below
        **arguments,
    )
    dataset.ImageType = ['DERIVED', 'SECONDARY']
    dataset.BurnedInAnnotation = 'YES'
    dataset.BodyPartExamined = 'BREAST'
    dataset.PatientOrientation = list(directions) if has_directions else ''
    dataset.DerivationDescription = (
        f'{image.view} {image.modality}, slice {slice_index + 1} of {image.num_slices}, findings burned in'
    )
    source = image_reference(reference)
    source.PurposeOfReferenceCodeSequence = Sequence([code_item(*_SOURCE_PURPOSE)])
    dataset.SourceImageSequence = Sequence([source])
    return stamp(dataset, results, settings, 'sc', number, image.view.laterality)
