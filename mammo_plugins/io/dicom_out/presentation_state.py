"""GSPS: outlines and scores that a viewer lays over the images it has, one object an image with marks.

Marks that must and that may be shown are two layers, so that a viewer can leave the latter out. Grey values are shown
as the image itself asks.

Source: DICOM PS3.3 A.33.1 (Grayscale Softcopy Presentation State IOD), C.10.5 (Graphic Annotation: 0 is the outer
corner of the first pixel).
"""

from __future__ import annotations

from copy import deepcopy

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.sequence import Sequence

from .content_items import outline_points
from .lesions import Lesion, gather_lesions
from .result_objects import series_arguments, stamp
from .result_settings import ResultSettings
from .study_results import Mark, ReadImage, StudyResults

REQUIRED_LAYER, OPTIONAL_LAYER = 'REQUIRED', 'OPTIONAL'
_LAYERS = (
    hd.pr.GraphicLayer(REQUIRED_LAYER, 1, 'Marks that are to be shown'),
    hd.pr.GraphicLayer(OPTIONAL_LAYER, 2, 'Marks that may be shown'),
)


def build_presentation_states(results: StudyResults, settings: ResultSettings) -> list[Dataset]:
    """An object an image of which a finding may be shown."""
    by_image: dict[int, list[tuple[Lesion, Mark]]] = {}
    for lesion in gather_lesions(results, settings, settings.optional_from):
        for image, mark in lesion.places:
            by_image.setdefault(id(image), []).append((lesion, mark))
    marked = [image for image in results.images if id(image) in by_image]
    return [
        _build(results, settings, image, by_image[id(image)], number) for number, image in enumerate(marked, start=1)
    ]


def _build(
    results: StudyResults, settings: ResultSettings, image: ReadImage, marks: list[tuple[Lesion, Mark]], number: int
) -> Dataset:
    sources = [_with_grey_values(header) for header in image.instances]
    by_uid = {source.SOPInstanceUID: source for source in sources}
    annotations = [_annotation(image, lesion, mark, by_uid, settings) for lesion, mark in marks]
    used = {annotation.GraphicLayer for annotation in annotations}
    is_inverted = sources[0].get('PhotometricInterpretation') == 'MONOCHROME1'
    dataset = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=sources,
        content_label='CAD_MARKS',
        content_description=f'{image.view} {image.modality}',
        graphic_annotations=annotations,
        graphic_layers=[layer for layer in _LAYERS if layer.GraphicLayer in used],
        presentation_lut_transformation=hd.PresentationLUTTransformation(
            presentation_lut_shape='INVERSE' if is_inverted else 'IDENTITY'
        ),
        **series_arguments(results, settings, 'gsps', number, image.view.laterality),
    )
    return stamp(dataset, results, settings, 'gsps', number, image.view.laterality)


def _annotation(
    image: ReadImage, lesion: Lesion, mark: Mark, by_uid: dict[str, Dataset], settings: ResultSettings
) -> hd.pr.GraphicAnnotation:
    """The outline and the score of one finding, on its frame only."""
    reference = image.reference(mark.slice_index)
    x1, y1, x2, _ = mark.box_xyxy
    outline = hd.pr.GraphicObject(
        graphic_type=hd.pr.GraphicTypeValues.POLYLINE,
        graphic_data=np.reshape(outline_points(mark.box_xyxy), (-1, 2)),
        units=hd.pr.AnnotationUnitsValues.PIXEL,
        tracking_id=lesion.name,
        tracking_uid=lesion.uid,
    )
    label = hd.pr.TextObject(
        text_value=f'{mark.score:.2f}' + (f' lesion {mark.lesion}' if mark.lesion else ''),
        units=hd.pr.AnnotationUnitsValues.PIXEL,
        anchor_point=(x2, y1),
        anchor_point_visible=False,
        tracking_id=lesion.name,
        tracking_uid=lesion.uid,
    )
    return hd.pr.GraphicAnnotation(
        referenced_images=[by_uid[reference.instance.SOPInstanceUID]],
        graphic_layer=_LAYERS[0] if mark.score >= settings.required_from else _LAYERS[1],
        referenced_frame_number=reference.frame,
        graphic_objects=[outline],
        text_objects=[label],
    )


def _with_grey_values(header: Dataset) -> Dataset:
    """A header as highdicom reads grey values from it, which stumbles over some that are valid.

    Of a window and a table, alternatives by the standard, the window stays; functional groups may be absent or hold
    neither.
    """
    source = deepcopy(header)
    for keyword in ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'AccessionNumber', 'StudyID'):
        setattr(source, keyword, '')
    source.StudyDate = source.StudyTime = source.ReferringPhysicianName = None
    source.SamplesPerPixel = 1
    if 'WindowCenter' in source and 'VOILUTSequence' in source:
        del source.VOILUTSequence
    _drop_empty(source, 'WindowCenter', 'WindowWidth', 'VOILUTFunction')
    if int(source.get('NumberOfFrames') or 1) > 1:
        for keyword in ('SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence'):
            if not source.get(keyword):
                setattr(source, keyword, Sequence([Dataset()]))
            for group in source[keyword].value:
                windows = group.get('FrameVOILUTSequence')
                if windows is not None and not (windows and 'WindowCenter' in windows[0]):
                    del group.FrameVOILUTSequence
                for values in group.get('PixelValueTransformationSequence') or ():
                    values.setdefault('RescaleType', 'US')  # unspecified
    return source


def _drop_empty(dataset: Dataset, *keywords: str) -> None:
    for keyword in keywords:
        if keyword in dataset and dataset[keyword].value in (None, ''):
            del dataset[keyword]
