"""Breasts of an annotation file as the HTML report shows them, with what files of predictions say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.evaluation import MatchedDetections, Predictions
from mammo_plugins.evaluation.image_names import modality_key
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.image_labels import join_labels, label_value
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.visualization import ReportCase, ReportPrediction, ReportTruth, ReportView
from mammo_plugins.visualization.html_report import MAX_BYTES
from mammo_plugins.visualization.report_content import Box

from .label_text import LabelTexts
from .picture_layers import PictureLayers, made_pictures
from .view_pixels import KeptPixels, read_view_pixels

_MAX_PREDICTIONS = 10  # a view, best first


@dataclass(frozen=True)
class Drawn:
    """What is drawn on the images, or said of them; what is None is not.

    Attributes:
        predictions: findings of the images of an annotation file.
        matched: the same findings, matched with it.
        overlays: saliency maps.
        pictures: what a model made of the images of a pair; breasts are shown in pairs then.
        labels: in words.
        notes: id of an image to how its prediction came about.
        kept: how much of the images a page keeps.
    """

    predictions: Predictions | None = None
    matched: MatchedDetections | None = None
    overlays: PictureLayers | None = None
    pictures: PictureLayers | None = None
    labels: LabelTexts | None = None
    notes: Mapping[int, str] = field(default_factory=dict)
    kept: KeptPixels = field(default_factory=KeptPixels)


def stored_cases(
    wanted: int, annotations: AnnotationSet, drawn: Drawn, whole_studies: bool = False
) -> tuple[list[ReportCase], list[str]]:
    """Breasts in the order of the annotation file, malignant ones and others in turn; a note for each unreadable one.

    Args:
        wanted: how many at most.
        annotations: the evaluated images.
        drawn: what was predicted of them.
        whole_studies: add the other breasts of their studies, and the other studies of their patients.
    """
    breasts: dict[tuple[str, ...], list[int]] = {}
    for position, image in enumerate(annotations.images):
        breasts.setdefault(_unit(image, in_pairs=drawn.pictures is not None), []).append(position)
    ordered = _in_turn(list(breasts.values()), annotations)
    if whole_studies:
        patients = {annotations.images[first].patient_id for first, *_ in ordered[:wanted]}
        ordered = [one for one in ordered if annotations.images[one[0]].patient_id in patients]
        wanted = len(ordered)
    first = [annotations.images[position] for positions in ordered[:wanted] for position in positions]
    drawn = replace(drawn, kept=drawn.kept.within(first, MAX_BYTES))  # a pixel takes about a byte
    shown: list[ReportCase] = []
    notes = []
    for positions in ordered:
        if len(shown) == wanted:
            break
        try:
            shown.append(stored_case(positions, annotations, drawn))
        except UnreadableImageError as error:
            notes.append(f'Case {_case_id(positions, annotations)} is not shown: {error}')
    return shown, notes


def _unit(image: ImageRecord, in_pairs: bool) -> tuple[str, ...]:
    """What an image is shown with: its breast, or both sides of its view in one modality."""
    if not in_pairs:
        return image.breast_id
    return (image.patient_id, image.study_uid, image.view_key.position.value, image.modality)


def _in_turn(breasts: Sequence[list[int]], annotations: AnnotationSet) -> list[list[int]]:
    """All breasts, a malignant one and another one in turn for as long as there are both."""
    malignant = np.array([_label('malignant', breast, annotations) == 1 for breast in breasts], bool)
    place = np.empty(len(malignant))
    place[malignant] = 2 * np.arange(malignant.sum())
    place[~malignant] = 2 * np.arange((~malignant).sum()) + 1
    return [breasts[index] for index in np.argsort(place, kind='stable')]


def stored_case(positions: Sequence[int], annotations: AnnotationSet, drawn: Drawn) -> ReportCase:
    """Describes one breast; its images are read from their files.

    Args:
        positions: of its images in ``annotations``.
        annotations: the evaluated images.
        drawn: what was predicted, of all images.

    Raises:
        UnreadableImageError: an image cannot be read.
    """
    label = {1.0: 'malignant', 0.0: 'not malignant'}.get(_label('malignant', positions, annotations), 'unknown')
    if label != 'malignant' and _label('benign', positions, annotations) == 1:
        label = 'benign'
    if not all(annotations.is_annotated(annotations.images[position]) for position in positions):
        label += ', not all boxes annotated'
    return ReportCase(
        case_id=_case_id(positions, annotations),
        label=label,
        views=[_view(position, annotations, drawn) for position in positions],
        caption=drawn.labels.of_breast(annotations.images[positions[0]]) if drawn.labels else '',
        patient=annotations.images[positions[0]].patient_id,
        study=annotations.images[positions[0]].study_uid,
    )


def _case_id(positions: Sequence[int], annotations: AnnotationSet) -> str:
    first = annotations.images[positions[0]]
    in_pairs = len({annotations.images[position].view_key.laterality for position in positions}) > 1
    return ' / '.join(_unit(first, in_pairs))


def _label(name: str, positions: Sequence[int], annotations: AnnotationSet) -> float:
    """``malignant`` or ``benign`` of a breast, by the labels of its images or a finding; NaN where unknown."""
    images = [annotations.images[position] for position in positions]
    if any(finding.category == name for image in images for finding in annotations.findings_of(image.id)):
        return 1.0
    return join_labels(name, [label_value(image.labels, name) for image in images])


def _view(index: int, annotations: AnnotationSet, drawn: Drawn) -> ReportView:
    image = annotations.images[index]
    source, flips = open_canonical(annotations, image)

    def shown(box_xywh: Sequence[float]) -> Box:
        x, y, width, height = flips.apply_to_box(tuple(map(float, box_xywh)), image.width, image.height)
        return (x, y, x + width, y + height)

    size = (image.width, image.height)
    key, homography = modality_key(image), flips.homography(*size)
    labels = drawn.labels.of_image(image) if drawn.labels else ''
    return ReportView(
        view_name=str(image.view),
        **read_view_pixels(source, flips, image, drawn.kept).of_report,
        truth=[
            report_truth(finding, image.num_slices, shown(finding.bbox_xywh))
            for finding in annotations.findings_of(image.id)
        ],
        predictions=_findings(index, annotations.is_annotated(image), drawn, shown),
        stored_size=size,
        modality=image.modality,
        spacing_mm=image.spacing_mm,
        slice_spacing_mm=image.slice_spacing_mm,
        caption=', '.join(filter(None, [image.modality_text, labels, drawn.notes.get(image.id)])),
        saliency=drawn.overlays.over(key, homography, size) if drawn.overlays else (),
        patches=drawn.overlays.patches(key, homography) if drawn.overlays else (),
        pictures=made_pictures(drawn.pictures, key, homography, size),
    )


def _findings(
    index: int, annotated: bool, drawn: Drawn, shown: Callable[[Sequence[float]], Box]
) -> list[ReportPrediction]:
    """The best findings of an image, with their boxes as ``shown`` gives them."""
    predictions, matched = drawn.predictions, drawn.matched
    if predictions is None or matched is None:
        return []
    rows = np.flatnonzero(matched.image_index == index)
    rows = rows[np.argsort(-predictions.scores[rows], kind='stable')][:_MAX_PREDICTIONS]
    return [
        ReportPrediction(
            box_xyxy=shown(predictions.boxes_xywh[row]),
            slice_index=int(predictions.slices[row]),
            score=float(predictions.scores[row]),
            hit=bool(matched.finding_index[row] >= 0) if annotated else None,
            lesion=0 if predictions.lesions is None else int(predictions.lesions[row]),
        )
        for row in rows
    ]


def report_truth(finding: FindingRecord, num_slices: int, box_xyxy: tuple[float, float, float, float]) -> ReportTruth:
    """An annotated finding as a report shows it; one whose slices are not known is shown in all of them.

    Args:
        finding: the annotation.
        num_slices: stored slices of its image.
        box_xyxy: its box in the pixels of the picture that is shown.
    """
    unknown = (0, num_slices - 1) if finding.slice_index is None else (finding.slice_index, finding.slice_index)
    first, last = finding.slice_range or unknown
    return ReportTruth(
        box_xyxy=box_xyxy,
        first_slice=first,
        last_slice=last,
        slice_index=(first + last) // 2 if finding.slice_index is None else finding.slice_index,
        text=f'{finding.category} {finding.attributes.get("type", "")}'.strip(),
        malignant=finding.category == 'malignant',
        lesion=finding.lesion_id or '',
    )
