"""Matching predictions to findings, once; every curve, number and interval reads the arrays made here.

Glossary: N predictions, G target findings that count, I images, P patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .detection_truth import DetectionTruth
from .functional import FrocEvents
from .hit_rules import ROUNDING
from .image_names import positions_by_name
from .image_pairs import candidate_pairs, pairs_of_same_image
from .predictions import Predictions, PredictionsError
from .protocols import DetectionProtocol
from .reported_numbers import CountedVolumes

_RENAMED = (
    'whose study is {} in the annotations, and no predicted study is called as in them. mammo predict calls studies as '
    'their headers do: where the tables of a release rename them, predict the images of its annotation file with mammo '
    'test'
)
_LENIENT = ', or be lenient (--lenient) to leave these predictions out and count them'


@dataclass(frozen=True)
class MatchedDetections:
    """Predictions and findings of a set of images, matched under one protocol.

    Args:
        scores: (N,).
        image_index: (N,) image of each prediction, as in the :class:`DetectionTruth`.
        finding_index: (N,) the counted finding that a prediction hits, as a position in the G arrays, or -1.
        is_tp: (N,) the highest-scored hit of its finding; other hits are repeats.
        is_fp: (N,) hits nothing, in an image that is not left out.
        findings: (G,) position of each counted finding in the :class:`DetectionTruth`.
        finding_patient: (G,) patient of each finding.
        image_patient: (I,) patient of each image.
        num_patients: P.
        counted_images: volumes of a number to (I,) images over which it counts false positives.
        unannotated_images: images left out because they are malignant and not all their malignant boxes are known.
    """

    scores: np.ndarray
    image_index: np.ndarray
    finding_index: np.ndarray
    is_tp: np.ndarray
    is_fp: np.ndarray
    findings: np.ndarray
    finding_patient: np.ndarray
    image_patient: np.ndarray
    num_patients: int
    counted_images: dict[CountedVolumes, np.ndarray]
    unannotated_images: int

    def events(self, volumes: CountedVolumes) -> FrocEvents:
        """What the curves and numbers over some volumes are made of.

        Raises:
            KeyError: no number of the protocol counts over these volumes.
        """
        counted = self.counted_images[volumes]
        is_fp = self.is_fp & counted[self.image_index]
        is_hit = self.finding_index >= 0
        order = np.flatnonzero(is_fp | is_hit)
        order = order[np.argsort(-self.scores[order], kind='stable')]
        return FrocEvents(
            scores=self.scores[order],
            is_tp=self.is_tp[order],
            is_hit=is_hit[order],
            is_fp=is_fp[order],
            patient=self.image_patient[self.image_index[order]],
            finding_patient=self.finding_patient,
            volumes_per_patient=np.bincount(self.image_patient[counted], minlength=self.num_patients),
        )


def match_detections(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    protocol: DetectionProtocol,
    counted: np.ndarray | None = None,
) -> MatchedDetections:
    """Matches predictions to the findings that a protocol counts.

    Args:
        predictions: N rows.
        image_index: (N,) image of each row in ``truth`` (see :func:`locate_images`).
        truth: the evaluated images.
        protocol: the rules.
        counted: which findings of ``truth`` are of interest, all by default. The others are not to be found, and
            predictions that hit them are neither true nor false.

    Raises:
        ValueError: the protocol needs a fact that the annotations lack.
    """
    excluded, findings = select_findings(truth, protocol)
    if protocol.hit.needs_slice:
        _refuse_findings_without_slice(truth, findings, protocol)
    finding_index = _closest_hits(predictions, image_index, truth, findings, protocol)
    hits_nothing = finding_index < 0
    if counted is not None:
        finding_index, findings = _keep_findings(finding_index, findings, counted)
    used = dict.fromkeys([protocol.curve_volumes, *(number.volumes for number in protocol.numbers)])
    return MatchedDetections(
        scores=predictions.scores,
        image_index=image_index,
        finding_index=finding_index,
        is_tp=_first_hits(predictions.scores, finding_index),
        is_fp=hits_nothing & ~excluded[image_index],
        findings=findings,
        finding_patient=truth.patient_index[truth.image_index[findings]],
        image_patient=truth.patient_index,
        num_patients=len(truth.patients),
        counted_images={volumes: ~excluded & _counted(truth, volumes, findings, protocol) for volumes in used},
        unannotated_images=int(excluded.sum()),
    )


def select_findings(truth: DetectionTruth, protocol: DetectionProtocol) -> tuple[np.ndarray, np.ndarray]:
    """(I,) images that a protocol leaves out, and (G,) positions of the findings that are to be found."""
    hides = truth.hides_target(protocol.targets)
    excluded = hides if protocol.exclude_unannotated else np.zeros(len(truth.images), bool)
    return excluded, np.flatnonzero(truth.is_target(protocol.targets) & ~excluded[truth.image_index])


def locate_images(
    predictions: Predictions, truth: DetectionTruth, lenient: bool = False
) -> tuple[Predictions, np.ndarray, int]:
    """Finds the image of each prediction among the evaluated ones.

    Returns:
        The predictions of evaluated images, (N,) their positions in ``truth.images``, and the number of rows left out,
        those without a box included.

    Raises:
        PredictionsError: a row names an image that is not evaluated, and ``lenient`` is false; or all rows do, under
            other names of the studies.
    """
    of_image = image_positions(predictions, truth)
    unknown = np.flatnonzero(of_image < 0)
    study = _other_name_of_study(predictions, truth)
    if len(unknown) and (study is not None or not lenient):
        rows = np.flatnonzero(predictions.image_index == unknown[0])
        where = predictions.where(int(rows[0])) if len(rows) else f'{predictions.source} an image score'.strip()
        raise PredictionsError(
            f'{where} is for the image {predictions.images[unknown[0]]}, '
            + (_why_unknown(predictions, unknown, truth) if study is None else _RENAMED.format(study))
        )
    kept = predictions.keep_images(of_image >= 0)
    left_out = len(predictions) - len(kept) + int((predictions.without_box & (of_image < 0)).sum())
    return kept, of_image[of_image >= 0][kept.image_index], left_out


def image_positions(predictions: Predictions, truth: DetectionTruth) -> np.ndarray:
    """(K,) position of each predicted image in ``truth.images``, -1 for those that are not evaluated."""
    position = positions_by_name(truth.images, truth.modalities)
    return np.asarray([position.get(key, -1) for key in predictions.images], np.int64)


def _other_name_of_study(predictions: Predictions, truth: DetectionTruth) -> str | None:
    """What the annotations call the study of the first predicted image, where they call no study as predictions do."""
    if not predictions.images or {key.study_uid for key in predictions.images} & {k.study_uid for k in truth.images}:
        return None
    patient, _, view = predictions.images[0][:3]
    studies = (key.study_uid for key in truth.images if (key.patient_id, key.view_name) == (patient, view))
    return next(studies, None)


def _why_unknown(predictions: Predictions, unknown: np.ndarray, truth: DetectionTruth) -> str:
    key = predictions.images[unknown[0]]
    kinds = sorted({modality for name, modality in zip(truth.images, truth.modalities) if name[:3] == key[:3]})
    if kinds and not key.modality:
        return (
            f'of which {" and ".join(kinds)} are evaluated ({len(unknown)} such images in all): name one in a column '
            f'Modality, evaluate one modality at a time (--modality){_LENIENT}'
        )
    return (
        f'which is not among the {len(truth.images)} evaluated ones ({len(unknown)} such images in all): check the '
        f'split and the modality{_LENIENT}'
    )


def _counted(
    truth: DetectionTruth, volumes: CountedVolumes, findings: np.ndarray, protocol: DetectionProtocol
) -> np.ndarray:
    """(I,) images over which false positives are counted."""
    if volumes is CountedVolumes.ALL:
        return np.ones(len(truth.images), bool)
    if volumes is CountedVolumes.WITH_FINDINGS:
        return np.isin(np.arange(len(truth.images)), truth.image_index[findings])
    unknown = np.flatnonzero(np.isnan(truth.benign) & ~truth.malignant)
    if len(unknown):
        raise ValueError(
            f'protocol {protocol.name} leaves benign volumes out, and image {truth.images[unknown[0]]} has no label '
            f'that says whether it is benign ({len(unknown)} such images): set labels.benign to 0 or 1 in the '
            'annotation file'
        )
    return truth.malignant | (truth.benign == 0)


def _refuse_findings_without_slice(truth: DetectionTruth, findings: np.ndarray, protocol: DetectionProtocol) -> None:
    is_volume = truth.num_slices[truth.image_index[findings]] > 1
    unknown = findings[is_volume & np.isnan(truth.slice_index[findings]) & np.isnan(truth.first_slice[findings])]
    if len(unknown):
        key = truth.images[truth.image_index[unknown[0]]]
        raise ValueError(
            f'protocol {protocol.name} compares slices, and a finding of the volume {key} has neither a slice nor a '
            f'visible range ({len(unknown)} such findings): annotate them or use a protocol without slices (mm3d-2d)'
        )


def _own_pixels(truth: DetectionTruth, findings: np.ndarray, protocol: DetectionProtocol) -> np.ndarray:
    """(I,) stored pixels that one pixel of the protocol's grid is long, known of all images with findings."""
    pixels_of = protocol.hit.hit_pixels_of
    own_pixels = truth.grids.own_pixels(pixels_of)
    with_findings = np.unique(truth.image_index[findings])
    unknown = with_findings[np.isnan(own_pixels[with_findings])]
    if len(unknown):
        raise ValueError(
            f'distances are to be measured in {pixels_of} pixels, and nothing tells how long these are in the '
            f'{truth.modalities[unknown[0]]} image {truth.images[unknown[0]]} ({len(unknown)} such images with '
            f'findings): {truth.grids.why_unknown(int(unknown[0]), pixels_of)}; measure in pixels of the images '
            "themselves (hit_pixels_of='own')"
        )
    return own_pixels


def _closest_hits(
    predictions: Predictions,
    image_index: np.ndarray,
    truth: DetectionTruth,
    findings: np.ndarray,
    protocol: DetectionProtocol,
) -> np.ndarray:
    """(N,) the closest finding that each prediction hits, the first of equally close ones, or -1."""
    row, column = pairs_of_same_image(image_index, truth.image_index[findings])
    own_pixels = _own_pixels(truth, findings, protocol)
    hit, closeness = protocol.hit(candidate_pairs(predictions, truth, row, findings[column], own_pixels))
    row, column, closeness = row[hit], column[hit], closeness[hit]
    best = np.full(len(predictions), -np.inf)
    np.maximum.at(best, row, closeness)
    equally_close = closeness >= best[row] - ROUNDING
    closest = np.full(len(predictions), len(findings), np.int64)
    np.minimum.at(closest, row[equally_close], column[equally_close])
    return np.where(closest == len(findings), -1, closest)


def _keep_findings(
    finding_index: np.ndarray, findings: np.ndarray, counted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both without the findings that are not counted."""
    kept = counted[findings]
    new_position = np.where(kept, np.cumsum(kept) - 1, -1)
    hit = finding_index >= 0
    renumbered = finding_index.copy()
    renumbered[hit] = new_position[finding_index[hit]]
    return renumbered, findings[kept]


def _first_hits(scores: np.ndarray, finding_index: np.ndarray) -> np.ndarray:
    """(N,) marks for each finding its highest-scored hit; the first row of equal scores."""
    hits = np.flatnonzero(finding_index >= 0)
    by_score = hits[np.argsort(-scores[hits], kind='stable')]
    _, first = np.unique(finding_index[by_score], return_index=True)
    marked = np.zeros(len(scores), bool)
    marked[by_score[first]] = True
    return marked
