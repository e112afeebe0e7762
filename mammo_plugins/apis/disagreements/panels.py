"""A lesion, or a view, as each model sees it: pictures with boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.evaluation.disagreements import Disagreements, ScoredModel
from mammo_plugins.evaluation.joined_views import JoinedLesion, JoinedView
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.visualization.disagreement_page import Example, ModelPanel, PlacedBox
from mammo_plugins.visualization.hanging import hang_box, hang_pixels
from mammo_plugins.visualization.report_content import Box

_MAX_SIZE = (420, 900)  # width and height of a picture; a column of the page is narrower
_MARGIN = 3.0  # a picture is as long as so many lesions,
_LEAST_SHARE = 0.25  # and at least this share of its image
_MAX_BOXES = 10  # predictions a picture, best first


@dataclass(frozen=True)
class _Shown:
    """A slice of an image, canonical.

    Attributes:
        pixels: (H, W) uint8.
        place: box xywh in stored pixels to its corners in ``pixels``.
        slice_index: the slice.
    """

    pixels: np.ndarray
    place: Callable[[Sequence[float]], Box]
    slice_index: int


def lesion_example(result: Disagreements, annotations: AnnotationSet, lesion: JoinedLesion) -> Example:
    """The surroundings of a lesion in the image of each model, the same field in each modality.

    Args:
        result: what was compared.
        annotations: the file that the images are in.
        lesion: one of ``result``.

    Raises:
        UnreadableImageError: an image cannot be read.
    """
    view = result.views[lesion.view]
    share = max(_share(view.images[modality], found) for modality, found in lesion.findings.items())
    panels = []
    for name, scored in result.scored.items():
        modality = scored.model.modality
        image, findings = view.images[modality], lesion.findings[modality]
        rows = _rows(scored, image)
        hits = [row for row in rows if _hit(scored, row) in {id(finding) for finding in findings}]
        best = hits[0] if hits else None
        shown = _show(annotations, image, None if best is None else int(scored.predictions.slices[best]), findings)
        window = _window(shown, findings, share)
        drawn = _passing(scored, rows)
        if best is not None and not scored.passes[best]:
            drawn.append(best)
        boxes = _truth_boxes(scored, image) + [_predicted_box(scored, row) for row in drawn]
        found = best is not None and bool(scored.passes[best])
        panels.append(_panel(name, image, shown, window, boxes, found, _score_text(scored, best)))
    return Example(_name(view), panels, ', '.join(filter(None, [lesion.type, lesion.lesion_id, _density(view)])))


def view_example(result: Disagreements, annotations: AnnotationSet, view: JoinedView) -> Example:
    """The whole view with what each model predicts in it; arguments and errors as for :func:`lesion_example`."""
    panels = []
    for name, scored in result.scored.items():
        image = view.images[scored.model.modality]
        rows = _passing(scored, _rows(scored, image))
        false = [row for row in rows if scored.matched.is_fp[row]]
        shown = _show(annotations, image, int(scored.predictions.slices[false[0]]) if false else None, [])
        height, width = shown.pixels.shape
        boxes = _truth_boxes(scored, image) + [_predicted_box(scored, row) for row in rows]
        text = in_words(len(false), 'false positive') if false else 'no false positive'
        panels.append(_panel(name, image, shown, (0, 0, width, height), boxes, None, text))
    return Example(_name(view), panels, _density(view))


def in_words(number: int, what: str) -> str:
    """``1 lesion``, ``2 lesions``."""
    return f'{number} {what}' if number == 1 else f'{number} {what}s'


def _name(view: JoinedView) -> str:
    return ' / '.join((view.first.patient_id, view.first.study_uid, view.first.view))


def _density(view: JoinedView) -> str:
    density = view.label('density')
    return '' if density == 'unknown' else f'density {density}'


def _rows(scored: ScoredModel, image: ImageRecord) -> list[int]:
    """Predictions of an image, best first."""
    position = next(i for i, one in enumerate(scored.annotations.images) if one.id == image.id)
    rows = np.flatnonzero(scored.matched.image_index == position)
    return rows[np.argsort(-scored.predictions.scores[rows], kind='stable')].tolist()


def _passing(scored: ScoredModel, rows: Sequence[int]) -> list[int]:
    return [row for row in rows if scored.passes[row]][:_MAX_BOXES]


def _hit(scored: ScoredModel, row: int) -> int | None:
    """Identity of the finding that a prediction hits."""
    place = scored.matched.finding_index[row]
    return None if place < 0 else id(scored.annotations.findings[scored.matched.findings[place]])


def _truth_boxes(scored: ScoredModel, image: ImageRecord) -> list[tuple[Sequence[float], str, str]]:
    """Findings of an image that are to be found: box xywh, kind and text."""
    counted = {id(scored.annotations.findings[position]) for position in scored.matched.findings.tolist()}
    return [
        (finding.bbox_xywh, 'truth', '')
        for finding in scored.annotations.findings_of(image.id)
        if id(finding) in counted
    ]


def _predicted_box(scored: ScoredModel, row: int) -> tuple[Sequence[float], str, str]:
    kind = 'below' if not scored.passes[row] else 'false' if scored.matched.is_fp[row] else 'hit'
    return scored.predictions.boxes_xywh[row].tolist(), kind, f'{scored.predictions.scores[row]:.2f}'


def _score_text(scored: ScoredModel, best: int | None) -> str:
    """What a model says of a lesion."""
    if best is None:
        return 'missed, no prediction hits it'
    score, limit = float(scored.predictions.scores[best]), scored.model.threshold
    return f'found, {score:.3g}' if scored.passes[best] else f'missed, best hit {score:.3g}, threshold {limit:.3g}'


def _share(image: ImageRecord, findings: Sequence[FindingRecord]) -> float:
    """Share of an image's height that a picture of a lesion shows."""
    _, _, width, height = _around([finding.bbox_xywh for finding in findings])
    return min(1.0, max(_LEAST_SHARE, _MARGIN * max(width, height) / image.height))


def _around(boxes_xywh: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """The box around boxes, all xywh."""
    boxes = np.asarray(boxes_xywh, np.float64)
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return (*low.tolist(), *(high - low).tolist())


def _show(
    annotations: AnnotationSet, image: ImageRecord, slice_index: int | None, findings: Sequence[FindingRecord]
) -> _Shown:
    """The slice of the best prediction, else the annotated one, else the middle."""
    annotated = next((finding.slice_index for finding in findings if finding.slice_index is not None), None)
    chosen = next(index for index in (slice_index, annotated, image.num_slices // 2) if index is not None)
    source, flips = open_canonical(annotations, image)
    (pixels,) = source.iter_slices([min(chosen, image.num_slices - 1)])

    def place(box_xywh: Sequence[float]) -> Box:
        x, y, width, height = flips.apply_to_box(tuple(map(float, box_xywh)), image.width, image.height)
        return (x, y, x + width, y + height)

    return _Shown(np.round(flips.apply(pixels) * 255).astype(np.uint8), place, chosen)


def _window(shown: _Shown, findings: Sequence[FindingRecord], share: float) -> tuple[int, int, int, int]:
    """Corners of the square around a lesion that is shown, moved into the picture and cut to it."""
    left, top, right, bottom = shown.place(_around([finding.bbox_xywh for finding in findings]))
    height, width = shown.pixels.shape
    side = round(share * height)
    corners = []
    for middle, length in (((left + right) / 2, width), ((top + bottom) / 2, height)):
        start = round(min(max(0.0, middle - side / 2), max(0, length - side)))
        corners.append((start, min(length, start + side)))
    (x0, x1), (y0, y1) = corners
    return x0, y0, x1, y1


def _panel(
    name: str,
    image: ImageRecord,
    shown: _Shown,
    window: tuple[int, int, int, int],
    boxes: Sequence[tuple[Sequence[float], str, str]],
    found: bool | None,
    text: str,
) -> ModelPanel:
    """A window of a picture with the boxes that reach into it, reduced and hung."""
    x0, y0, x1, y1 = window
    scale = min(1.0, _MAX_SIZE[0] / (x1 - x0), _MAX_SIZE[1] / (y1 - y0))
    size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    picture = Image.fromarray(np.ascontiguousarray(shown.pixels[y0:y1, x0:x1])).resize(size, Image.Resampling.BOX)
    drawn = []
    for box, kind, label in boxes:
        left, top, right, bottom = shown.place(box)
        if right <= x0 or left >= x1 or bottom <= y0 or top >= y1:
            continue
        corners = ((left - x0) * scale, (top - y0) * scale, (right - x0) * scale, (bottom - y0) * scale)
        drawn.append(PlacedBox(hang_box(corners, size[0], image.view), kind, label))
    slices = f', slice {shown.slice_index} of {image.num_slices}' if image.num_slices > 1 else ''
    return ModelPanel(
        name, hang_pixels(np.asarray(picture), image.view), drawn, f'{text} ({image.modality}{slices})', found
    )
