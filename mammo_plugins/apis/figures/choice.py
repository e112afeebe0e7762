"""Which findings a figure shows; rules decide, so that nobody picks them by how they look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord

from .models import ImageFindings, ModelFindings


@dataclass(frozen=True)
class ShownImage:
    """An image of one column.

    Attributes:
        image: the image.
        finding: the finding of the row in this image; None where it is not annotated in it.
    """

    image: ImageRecord
    finding: FindingRecord | None


@dataclass(frozen=True)
class MatchedFinding:
    """A malignant finding with a visible range, and the best proposal that hits it.

    Attributes:
        finding: the finding.
        found: what the model says about its image.
        match: position of the proposal in ``found``.
        visible_bins: first and last slice bin that hold slices of the visible range.
    """

    finding: FindingRecord
    found: ImageFindings
    match: int
    visible_bins: tuple[int, int]

    @property
    def score(self) -> float:
        return float(self.found.scores[self.match])

    @property
    def width(self) -> int:
        """Slice bins that show the finding."""
        return self.visible_bins[1] - self.visible_bins[0] + 1


def choose_rows(
    columns: Sequence[AnnotationSet], count: int, patients: Sequence[str] | None = None
) -> list[list[ShownImage]]:
    """The rows of a figure with one image a column.

    Rows are the malignant findings of the last column whose view every column has: the first one of each patient in the
    order of the annotation file, then the second one of each, and so on.

    Args:
        columns: the images that each column may show.
        count: most rows.
        patients: ids to choose from; None for all.

    Raises:
        ValueError: a patient is unknown, or there is no such finding.
    """
    if count < 1:
        raise ValueError(f'a figure needs at least 1 finding, got {count}')
    anchor = columns[-1]
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, list[ShownImage]]] = []
    for finding in _malignant_findings(anchor, patients):
        image = anchor.image(finding.image_id)
        row = [_same_finding(column, image, finding) for column in columns]
        if None not in row:
            ranked.append((seen[image.patient_id], row))
            seen[image.patient_id] += 1
    if not ranked:
        modalities = ' and '.join(dict.fromkeys(column.images[0].modality for column in columns))
        raise ValueError(
            f'no malignant finding has its view in {modalities} of the same exam: draw models of one modality, or name '
            'other patients'
        )
    return [row for _, row in sorted(ranked, key=lambda numbered: numbered[0])[:count]]


def match_ranges(model: ModelFindings, patients: Sequence[str] | None = None) -> list[MatchedFinding]:
    """The malignant findings with a visible range that a proposal hits in the image plane.

    Args:
        model: a model that weighs slices.
        patients: ids to choose from; None for all.

    Source: M&M-3D, caption of Fig. 4 (the highest proposal that matches a finding).
    """
    matched = []
    for finding in _malignant_findings(model.annotations, patients):
        found = model.by_image[finding.image_id]
        match = found.best_match(finding)
        if finding.slice_range is not None and match is not None and found.slice_weights.shape[1] > 1:
            visible = tuple(found.bins.bin_of(index) for index in finding.slice_range)
            matched.append(MatchedFinding(finding, found, match, visible))
    return matched


def choose_extremes(matched: Sequence[MatchedFinding], threshold: float) -> list[MatchedFinding]:
    """The findings with the narrowest and the widest visible range, as in Fig. 4 of M&M-3D.

    Where fewer than two findings are hit by a proposal that passes the threshold, all that are hit can be chosen. Of
    equal widths the higher score wins.

    Args:
        matched: findings to choose from.
        threshold: lowest score that passes.

    Returns:
        Both, or the only one there is, or none.
    """
    passing = [finding for finding in matched if finding.score >= threshold]
    by_width = sorted(passing if len(passing) > 1 else matched, key=lambda finding: (finding.width, -finding.score))
    if len(by_width) < 2:
        return by_width
    return [by_width[0], max(by_width[1:], key=lambda finding: (finding.width, finding.score))]


def _malignant_findings(annotations: AnnotationSet, patients: Sequence[str] | None) -> list[FindingRecord]:
    known = {image.patient_id for image in annotations.images}
    if unknown := sorted(set(patients or ()) - known):
        raise ValueError(
            f'no images of patient {", ".join(unknown)} among those of {len(known)} patients, such as {min(known)}: '
            'check the id and the split'
        )
    malignant = [
        finding
        for finding in annotations.findings
        if finding.category == 'malignant'
        and (patients is None or annotations.image(finding.image_id).patient_id in patients)
    ]
    if not malignant:
        whom = f'patient {", ".join(patients)}' if patients else f'{len(known)} patients'
        raise ValueError(
            f'no malignant finding is annotated in the {annotations.images[0].modality} images of {whom}: choose '
            'another split, or other patients'
        )
    return malignant


def _same_finding(column: AnnotationSet, image: ImageRecord, finding: FindingRecord) -> ShownImage | None:
    """The view of an image in a column, with the finding in it; None where the column lacks the view."""
    views = [other for other in column.images if (other.breast_id, other.view) == (image.breast_id, image.view)]
    if not views:
        return None
    shown = next((other for other in views if other.view_name == image.view_name), views[0])
    if shown.id == image.id:
        return ShownImage(shown, finding)
    same = [
        other
        for other in column.findings_of(shown.id)
        if finding.lesion_id is not None and (other.lesion_id, other.category) == (finding.lesion_id, finding.category)
    ]
    return ShownImage(shown, same[0] if same else None)
