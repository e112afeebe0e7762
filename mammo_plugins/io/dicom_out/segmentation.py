"""SEG: findings as binary segments, saliency maps as probabilities.

Segments of a volume lie where its frames lie, so that one whose header does not say so has none. A picture of one
frame needs no place in space: its segments lie on its pixels, and Patient Orientation says which way they run.

Source: DICOM PS3.3 A.51 (Segmentation IOD): Frame of Reference is required unless the image that a segment derives from
is named; C.8.20 (Segmentation Image).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.sr.codedict import codes as sr

from ..dicom_frames import is_one_position, positions_along_stack
from . import result_codes as codes
from .lesions import Lesion, gather_lesions
from .marked_pixels import covered_pixels
from .result_objects import result_uid, series_arguments, stamp
from .result_settings import ResultSettings
from .study_results import Mark, ReadImage, StudyResults

MAX_BYTES = 2**29  # of the planes of one object, one byte a pixel and segment

_CATEGORY = sr.SCT.MorphologicallyAbnormalStructure
_SALIENCY_TYPE = hd.sr.CodedConcept('111102', 'DCM', 'Non-lesion')
_MOST_FRACTION = 255


def find_place_problem(image: ReadImage) -> str | None:
    """Why an image can have no segments, or None."""
    first = image.instances[0]
    positions, directions = _geometry(image)
    placed = bool(first.get('FrameOfReferenceUID')) and len(positions) == image.num_slices and len(directions) == 6
    if image.num_slices == 1:
        return None if placed or _directions(first) else 'it has neither a position in space nor Patient Orientation'
    if not placed:
        return 'its slices have no Frame of Reference, positions or directions'
    along = positions_along_stack(np.array(positions), np.array(directions))
    if is_one_position(np.diff(np.sort(along))).any():
        return 'several of its slices have one position'
    return None if _has_spacing(first) else 'the size of its pixels is not stated'


def build_segmentations(results: StudyResults, settings: ResultSettings) -> tuple[list[Dataset], list[str]]:
    """Objects of the images that have findings to be shown or maps, and sentences about those that can have none."""
    by_image: dict[int, list[tuple[Lesion, Mark]]] = {}
    for lesion in gather_lesions(results, settings, settings.optional_from):
        for image, mark in lesion.places:
            by_image.setdefault(id(image), []).append((lesion, mark))
    built: list[Dataset] = []
    problems: list[str] = []
    for image in results.images:
        marks = by_image.get(id(image), [])
        if not marks and not image.maps:
            continue
        if problem := find_place_problem(image):
            problems.append(f'{image.view} ({image.modality}) has no SEG: {problem}')
            continue
        for part in _parts(image, marks):
            built.append(_of_marks(results, settings, image, part, len(built) + 1))
        if image.maps and image.num_slices > 1:
            problems.append(f'{image.view} ({image.modality}) has no SEG of its maps: they speak of no slice')
        elif image.maps:
            built.append(_of_maps(results, settings, image, len(built) + 1))
    return built, problems


def _parts(image: ReadImage, marks: list[tuple[Lesion, Mark]]) -> Iterator[list[tuple[Lesion, Mark]]]:
    """Marks in groups whose planes fit into memory."""
    plane = image.instances[0].Rows * image.instances[0].Columns
    part: list[tuple[Lesion, Mark]] = []
    for entry in marks:
        grown = [*part, entry]
        frames = {mark.slice_index for _, mark in grown}
        if part and len(frames) * len(grown) * plane > MAX_BYTES:
            yield part
            grown = [entry]
        part = grown
    if part:
        yield part


def _of_marks(
    results: StudyResults, settings: ResultSettings, image: ReadImage, marks: list[tuple[Lesion, Mark]], number: int
) -> Dataset:
    """A segment a finding, on its slice only."""
    slices = sorted({mark.slice_index for _, mark in marks})
    planes = np.zeros((len(slices), image.instances[0].Rows, image.instances[0].Columns, len(marks)), np.uint8)
    segments = []
    for place, (lesion, mark) in enumerate(marks):
        rows, columns = covered_pixels(mark.box_xyxy)
        planes[slices.index(mark.slice_index), rows, columns, place] = 1
        finding = codes.finding_code(settings.finding, 'SCT')
        kind = hd.sr.CodedConcept(finding.value, finding.scheme, finding.meaning)
        segments.append(_segment(results, place + 1, f'{lesion.name}, score {mark.score:.3f}', kind, lesion))
    return _build(results, settings, image, slices, planes, segments, 'BINARY', number)


def _of_maps(results: StudyResults, settings: ResultSettings, image: ReadImage, number: int) -> Dataset:
    """A segment a map, as probabilities in steps of 1 / 255."""
    planes = np.stack(list(image.maps.values()), axis=-1)[None].astype(np.float32)
    segments = [
        _segment(results, place, f'saliency: {name}'[:64], _SALIENCY_TYPE, None)
        for place, name in enumerate(image.maps, start=1)
    ]
    return _build(results, settings, image, [0], planes, segments, 'FRACTIONAL', number)


def _segment(
    results: StudyResults, number: int, label: str, kind: hd.sr.CodedConcept, lesion: Lesion | None
) -> hd.seg.SegmentDescription:
    algorithm = hd.AlgorithmIdentificationSequence(
        name=results.model.name, family=sr.DCM.ArtificialIntelligence, version=results.model.version
    )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label[:64],
        segmented_property_category=_CATEGORY,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        tracking_uid=lesion.uid if lesion else None,
        tracking_id=lesion.name if lesion else None,
        anatomic_regions=[sr.SCT.Breast],
    )


def _build(
    results: StudyResults,
    settings: ResultSettings,
    image: ReadImage,
    slices: list[int],
    planes: np.ndarray,
    segments: list[hd.seg.SegmentDescription],
    kind: str,
    number: int,
) -> Dataset:
    sources, in_space = _sources(image)
    positions = None
    if in_space and image.num_slices > 1:
        points, _ = _geometry(image)
        positions = [hd.PlanePositionSequence('PATIENT', points[index]) for index in slices]
    dataset = hd.seg.Segmentation(
        source_images=sources,
        pixel_array=planes if in_space and image.num_slices > 1 else planes[:1],
        segmentation_type=kind,
        segment_descriptions=segments,
        max_fractional_value=_MOST_FRACTION,
        plane_positions=positions,
        content_label='CAD_SEGMENTS',
        content_description=f'{image.view} {image.modality}',
        specific_character_set='ISO_IR 192',
        **series_arguments(results, settings, 'seg', number),
    )
    _name_dimensions(dataset, result_uid(results, settings, 'dimensions', str(number)))
    if not in_space:
        dataset.PatientOrientation = list(_directions(image.instances[0]))
    return stamp(dataset, results, settings, 'seg', number)


def _name_dimensions(dataset: Dataset, uid: str) -> None:
    """Sets the UID of the dimensions, which highdicom draws at random."""
    for item in (*dataset.get('DimensionOrganizationSequence', ()), *dataset.get('DimensionIndexSequence', ())):
        item.DimensionOrganizationUID = uid


def _sources(image: ReadImage) -> tuple[list[Dataset], bool]:
    """Headers as highdicom reads them, and whether they lie in space."""
    positions, directions = _geometry(image)
    in_space = bool(positions) and len(directions) == 6 and bool(image.instances[0].get('FrameOfReferenceUID'))
    sources = []
    for header in image.instances:
        source = deepcopy(header)
        for keyword in ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'AccessionNumber', 'StudyID'):
            setattr(source, keyword, '')
        source.StudyDate = source.StudyTime = source.ReferringPhysicianName = None
        if not in_space and 'FrameOfReferenceUID' in source:
            del source.FrameOfReferenceUID
        sources.append(source)
    return sources, in_space


def _geometry(image: ReadImage) -> tuple[list[list[float]], list[float]]:
    """Position of each slice, as far as they are stated, and the directions of rows and columns of the first."""
    if len(image.instances) > 1 or image.num_slices == 1:
        points = [_numbers(header, 'ImagePositionPatient') for header in image.instances]
        directions = _numbers(image.instances[0], 'ImageOrientationPatient')
    else:
        header = image.instances[0]
        frames = header.get('PerFrameFunctionalGroupsSequence') or []
        points = [_of_group(frame, 'PlanePositionSequence', 'ImagePositionPatient') for frame in frames]
        groups = [*(header.get('SharedFunctionalGroupsSequence') or []), *frames[:1]]
        found = [_of_group(group, 'PlaneOrientationSequence', 'ImageOrientationPatient') for group in groups]
        directions = next((numbers for numbers in found if numbers), [])
    return [point for point in points if len(point) == 3], directions


def _of_group(group: Dataset, sequence: str, keyword: str) -> list[float]:
    items = group.get(sequence)
    return _numbers(items[0], keyword) if items else []


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    return [float(value) for value in dataset.get(keyword) or ()]


def _has_spacing(header: Dataset) -> bool:
    groups = [*(header.get('SharedFunctionalGroupsSequence') or []), header]
    groups += (header.get('PerFrameFunctionalGroupsSequence') or [])[:1]
    return any(
        group.get('PixelSpacing') or _of_group(group, 'PixelMeasuresSequence', 'PixelSpacing') for group in groups
    )


def _directions(header: Dataset) -> tuple[str, ...]:
    """Patient Orientation, where it has both values."""
    directions = header.get('PatientOrientation') or ()
    if isinstance(directions, str) or len(directions) != 2 or not all(directions):
        return ()
    return tuple(directions)
