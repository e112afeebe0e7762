"""Mammography CAD SR: what mammography workstations draw marks from.

The image library lists every image, then comes the summary with an impression a lesion, then which detections and
analyses succeeded on which images. A lesion that several views show is a composite feature of its findings. Marks on
images of one frame refer to the library, those on a frame of a volume name the frame themselves.

Source: DICOM PS3.3 A.35.5 (Mammography CAD SR IOD), PS3.16 TID 4000 to 4006, 4015 to 4021.
"""

from __future__ import annotations

from collections.abc import Sequence as Items

from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import MammographyCADSRStorage

from . import result_codes as codes
from .content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    INFERRED_FROM,
    SELECTED_FROM,
    code,
    container,
    coordinates,
    image,
    number,
    other_place,
    outline_points,
    text,
    uid_reference,
)
from .evidence import evidence_items
from .image_library import library_items
from .lesions import Lesion, gather_lesions
from .result_objects import stamp, start_object
from .result_settings import ResultSettings
from .study_results import Mark, ReadImage, StudyResults

_LIBRARY_PLACE = (1, 2)  # of the root's items: language, library, summary, detections, analyses


def build_cad_report(results: StudyResults, settings: ResultSettings) -> Dataset:
    """The report of a study, one without findings or without a readable image too.

    Raises:
        ValueError: no image says when it was made, and the settings do not either.
    """
    dataset = start_object(MammographyCADSRStorage, 'SR')
    dataset.ReferencedPerformedProcedureStepSequence = Sequence()
    dataset.PerformedProcedureCodeSequence = Sequence()
    dataset.CompletionFlag, dataset.VerificationFlag = 'COMPLETE', 'UNVERIFIED'
    dataset.ContentDate = dataset.ContentTime = ''
    dataset.CurrentRequestedProcedureEvidenceSequence = evidence_items(results)
    dataset.ValueType, dataset.ContinuityOfContent = 'CONTAINER', 'SEPARATE'
    dataset.ConceptNameCodeSequence = Sequence([codes.CAD_REPORT.item()])
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = 'DCMR', '4000'
    dataset.ContentTemplateSequence = Sequence([template])
    dataset.ContentSequence = Sequence(_Report(results, settings).items())
    return stamp(dataset, results, settings, 'cad-sr')


class _Report:
    """The tree below the root."""

    def __init__(self, results: StudyResults, settings: ResultSettings) -> None:
        self.results, self.settings = results, settings
        self.lesions = gather_lesions(results, settings)
        places = enumerate((header.SOPInstanceUID for header in results.headers()), start=1)
        self.places = {uid: (*_LIBRARY_PLACE, place) for place, uid in places}
        self.finding = codes.finding_code(settings.finding, settings.coding)

    def items(self) -> list[Dataset]:
        library = container(CONTAINS, codes.IMAGE_LIBRARY, library_items(self.results, self.settings))
        language = code(HAS_CONCEPT_MOD, codes.LANGUAGE, codes.ENGLISH)
        return [language, library, self._summary(), self._detections(), self._analyses()]

    def _summary(self) -> Dataset:
        """TID 4001."""
        impressions = [self._impression(lesion) for lesion in self.lesions]
        return code(
            CONTAINS, codes.SUMMARY, codes.summary_code(self.results, self.settings), [*self._overall(), *impressions]
        )

    def _overall(self) -> list[Dataset]:
        """TID 4002: scores of case and breasts, and where lesions lie, for which findings have no item."""
        case = self.results.case_score
        shown = [lesion.words for lesion in self.lesions if lesion.score >= self.settings.optional_from]
        said = [] if case is None else [f'Malignancy score of the case: {case:.3f}']
        if not said and not shown:
            return []
        items = [text(HAS_PROPERTIES, codes.IMPRESSION_TEXT, '\r\n'.join([*said, *shown]))]
        if case is not None:
            items.append(number(HAS_PROPERTIES, codes.IMPRESSION_CERTAINTY, 100 * case, codes.PERCENT))
        return [*items, *self._algorithm(), *self._breast_scores()]

    def _breast_scores(self) -> list[Dataset]:
        scores = []
        for side, score in sorted(self.results.breast_scores.items()):
            laterality = code(
                HAS_CONCEPT_MOD,
                codes.laterality_code(self.settings.coding),
                codes.side_code(side, self.settings.coding),
            )
            scores.append(number(HAS_PROPERTIES, codes.PROBABILITY, 100 * score, codes.PERCENT, [laterality]))
        return scores

    def _impression(self, lesion: Lesion) -> Dataset:
        """TID 4003: a lesion, on one image or several."""
        children = [self._intent(lesion.score)]
        if len(lesion.places) == 1:
            children.append(self._finding(CONTAINS, lesion, *lesion.places[0]))
        else:
            children.append(self._composite(CONTAINS, lesion, lesion.places))
        return container(INFERRED_FROM, codes.IMPRESSION, children)

    def _composite(self, relationship: str, lesion: Lesion, places: Items[tuple[ReadImage, Mark]]) -> Dataset:
        """TID 4004: findings that are one lesion. It relates two of them; of more, one and the others' composite."""
        first, *others = places
        if len(others) == 1:
            rest = self._finding(INFERRED_FROM, lesion, *others[0])
        else:
            rest = self._composite(INFERRED_FROM, lesion, others)
        children = [
            self._intent(lesion.score),
            *_tracking(lesion),
            code(HAS_PROPERTIES, codes.COMPOSITE_TYPE, codes.RELATED_SPATIALLY),
            code(HAS_PROPERTIES, codes.FEATURE_SCOPE, codes.ON_SEVERAL_IMAGES),
            *self._algorithm(),
            self._finding(INFERRED_FROM, lesion, *first),
            rest,
        ]
        return code(relationship, codes.COMPOSITE_FEATURE, self.finding, children)

    def _finding(self, relationship: str, lesion: Lesion, shown_in: ReadImage, mark: Mark) -> Dataset:
        """TID 4006: a finding on one image."""
        x1, y1, x2, y2 = mark.box_xyxy
        source = self._source(shown_in, mark)
        children = [
            self._intent(mark.score),
            *_tracking(lesion),
            *self._algorithm(),
            number(HAS_PROPERTIES, codes.CERTAINTY, 100 * mark.score, codes.PERCENT),
            coordinates(HAS_PROPERTIES, codes.CENTER, 'POINT', [(x1 + x2) / 2, (y1 + y2) / 2], source),
            coordinates(HAS_PROPERTIES, codes.OUTLINE, 'POLYLINE', outline_points(mark.box_xyxy), source),
        ]
        return code(relationship, codes.SINGLE_FINDING, self.finding, children)

    def _source(self, shown_in: ReadImage, mark: Mark) -> Dataset:
        reference = shown_in.reference(mark.slice_index)
        if reference.frame is not None:
            return image(SELECTED_FROM, reference)
        return other_place(SELECTED_FROM, self.places[reference.instance.SOPInstanceUID])

    def _intent(self, score: float) -> Dataset:
        intent = codes.intent_code(score, self.settings.required_from, self.settings.optional_from)
        return code(HAS_CONCEPT_MOD, codes.RENDERING_INTENT, intent)

    def _algorithm(self) -> list[Dataset]:
        """TID 4019."""
        model = self.results.model
        return [
            text(HAS_PROPERTIES, codes.ALGORITHM_NAME, model.name),
            text(HAS_PROPERTIES, codes.ALGORITHM_VERSION, model.version),
        ]

    def _detections(self) -> Dataset:
        """TID 4015."""
        kinds = [self.finding] if self.results.finds or not self.results.images else []
        headings = (codes.SUCCESSFUL_DETECTIONS, codes.FAILED_DETECTIONS)
        return self._tasks(codes.DETECTIONS, codes.DETECTION, kinds, headings)

    def _analyses(self) -> Dataset:
        """TID 4016: scores of breasts, and comparing the views of a breast."""
        kinds = [codes.OVERALL_ANALYSIS] if self.results.case_score is not None else []
        if any(mark.lesion for shown in self.results.images for mark in shown.marks):
            kinds.append(codes.collocation_code(self.settings.coding))
        headings = (codes.SUCCESSFUL_ANALYSES, codes.FAILED_ANALYSES)
        return self._tasks(codes.ANALYSES, codes.ANALYSIS, kinds, headings)

    def _tasks(
        self, concept: codes.Code, performed: codes.Code, kinds: Items[codes.Code], headings: Items[codes.Code]
    ) -> Dataset:
        """What succeeded on which images, and what failed on which."""
        if not kinds:
            return code(CONTAINS, concept, codes.NOT_ATTEMPTED)
        read = [header for shown in self.results.images for header in shown.instances]
        failed = self.results.failed
        status = codes.SUCCEEDED if not failed else codes.PARTIALLY_SUCCEEDED if read else codes.FAILED
        parts = [
            container(INFERRED_FROM, heading, [self._performed(performed, kind, headers) for kind in kinds])
            for heading, headers in zip(headings, (read, failed), strict=True)
            if headers
        ]
        return code(CONTAINS, concept, status, parts)

    def _performed(self, concept: codes.Code, kind: codes.Code, headers: Items[Dataset]) -> Dataset:
        """TID 4017 and 4018: what was done with which images."""
        images = [other_place(HAS_PROPERTIES, self.places[header.SOPInstanceUID]) for header in headers]
        return code(CONTAINS, concept, kind, [*self._algorithm(), *images])


def _tracking(lesion: Lesion) -> list[Dataset]:
    """TID 4108."""
    return [
        text(HAS_OBS_CONTEXT, codes.TRACKING_TEXT, lesion.name),
        uid_reference(HAS_OBS_CONTEXT, codes.TRACKING_UID, lesion.uid),
    ]
