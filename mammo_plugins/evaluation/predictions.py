"""Predicted findings as arrays, and the rules that a valid set of them obeys.

Glossary: N predicted findings (rows), K images with a finding or an image score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

IMAGE_SCORE = 'ImageScore'
IMAGE_NOTE = 'ImageNote'
MATCHED_LESION = 'MatchedLesion'
NO_AREA = 'box without area'


class PredictionsError(ValueError):
    """A prediction is unusable; the message names the row and the reason."""


class ImageKey(NamedTuple):
    """How a prediction names its image.

    The view is the release's own name in lower case, for example ``lcc2``; the modality is empty where the others are
    enough, and tells an FFDM from the SM of the same view where they are not.
    """

    patient_id: str
    study_uid: str
    view_name: str
    modality: str = ''

    def __str__(self) -> str:
        return '/'.join(self[:3]) + (f' ({self.modality})' if self.modality else '')


class Fault(NamedTuple):
    """Why row ``row`` (0-based) cannot be used."""

    row: int
    reason: str
    value: str

    def __str__(self) -> str:
        return f'{self.reason}: {self.value}'


@dataclass(frozen=True)
class Predictions:
    """Predicted malignant findings of a set of images.

    Args:
        images: the K images, in order of first appearance. One without a row is here for its image score: a detector
            with a score threshold may find nothing and still say how suspicious the image is.
        image_index: (N,) position of each row's image in ``images``.
        boxes_xywh: (N, 4) top-left corner and size in stored pixels of the source file.
        z: (N,) first slice of the box, 0-based, in stored slices.
        depth: (N,) slices that the box spans.
        scores: (N,) malignancy of the finding; larger is more suspicious.
        image_scores: (K,) malignancy probability of the whole image, or None where the source holds none.
        image_notes: how the prediction of each of the K images came about, empty where that is not said; None where the
            source says it of none.
        lesions: (N,) number from 1 that findings of one breast share where the model says that they are one lesion, 0
            where it says nothing of a finding; None where it says nothing of any.
        merged_duplicates: rows that were equal to an earlier row and were merged with it.
        dropped: reason to number of rows that were left out, by lenient reading or for having no area.
        source: file that the rows are from, empty where they are from none.
        lines: (N,) line of each row in that file; None where there is none.

    Raises:
        ValueError: the arrays do not fit together.
    """

    images: tuple[ImageKey, ...]
    image_index: np.ndarray
    boxes_xywh: np.ndarray
    z: np.ndarray
    depth: np.ndarray
    scores: np.ndarray
    image_scores: np.ndarray | None = None
    image_notes: tuple[str, ...] | None = None
    lesions: np.ndarray | None = None
    merged_duplicates: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    source: str = ''
    lines: np.ndarray | None = None

    def __post_init__(self) -> None:
        rows = len(self.scores)
        shapes = [self.image_index.shape, self.boxes_xywh.shape, self.z.shape, self.depth.shape, self.scores.shape]
        if shapes != [(rows,), (rows, 4), (rows,), (rows,), (rows,)]:
            raise ValueError(f'prediction arrays do not belong together: shapes {shapes}')
        if self.image_scores is not None and self.image_scores.shape != (len(self.images),):
            raise ValueError(f'{len(self.images)} images need as many image scores, got {self.image_scores.shape}')
        if self.image_notes is not None and len(self.image_notes) != len(self.images):
            raise ValueError(f'{len(self.images)} images need as many notes, got {len(self.image_notes)}')
        if self.lesions is not None and self.lesions.shape != (rows,):
            raise ValueError(f'{rows} rows need as many lesions, got {self.lesions.shape}')

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def slices(self) -> np.ndarray:
        """(N,) predicted slice: the middle of the box, exactly ``z`` for a depth of one."""
        return self.z + np.floor(self.depth / 2)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """Every number by the name of its CSV column."""
        x, y, width, height = self.boxes_xywh.T
        named = {'X': x, 'Width': width, 'Y': y, 'Height': height, 'Z': self.z, 'Depth': self.depth}
        named['Score'] = self.scores
        if self.image_scores is not None:
            named[IMAGE_SCORE] = self.image_scores[self.image_index]
        return named

    def where(self, row: int) -> str:
        """How an error names a row: by file and line where there are any, by its number from 0 otherwise."""
        return f'prediction {row} (0-based)' if self.lines is None else f'{self.source}, line {self.lines[row]}:'

    @property
    def without_box(self) -> np.ndarray:
        """(K,) images that have an image score and no row."""
        return np.bincount(self.image_index, minlength=len(self.images)) == 0

    def keep(self, mask: np.ndarray) -> Predictions:
        """The rows of a (N,) mask; images left without a row stay where they have an image score."""
        if self.image_scores is not None:
            return self._keep(mask, np.arange(len(self.images)))
        return self._keep(mask, np.unique(self.image_index[mask]))

    def keep_images(self, mask: np.ndarray) -> Predictions:
        """The images of a (K,) mask, with their rows and scores."""
        return self._keep(mask[self.image_index], np.flatnonzero(mask))

    def _keep(self, mask: np.ndarray, used: np.ndarray) -> Predictions:
        index = np.searchsorted(used, self.image_index[mask])
        return replace(
            self,
            images=tuple(self.images[i] for i in used),
            image_index=index.astype(np.int64),
            boxes_xywh=self.boxes_xywh[mask],
            z=self.z[mask],
            depth=self.depth[mask],
            scores=self.scores[mask],
            image_scores=None if self.image_scores is None else self.image_scores[used],
            image_notes=None if self.image_notes is None else tuple(self.image_notes[i] for i in used),
            lesions=None if self.lesions is None else self.lesions[mask],
            lines=None if self.lines is None else self.lines[mask],
        )


@dataclass(frozen=True)
class ImagePredictions:
    """What a model says about one image.

    Args:
        key: the image.
        boxes_xyxy: (n, 4) corners in stored pixels.
        slices: (n,) predicted slice, 0-based, in stored slices; zeros for a 2-D image.
        scores: (n,) malignancy of each finding.
        image_score: malignancy probability of the image, or None where the model gives none.
        note: how the prediction came about, empty where the model does not say.
        lesions: (n,) number of the lesion of the breast that each finding is, 0 for none; None where the model does not
            match findings.
    """

    key: ImageKey
    boxes_xyxy: np.ndarray
    slices: np.ndarray
    scores: np.ndarray
    image_score: float | None = None
    note: str = ''
    lesions: np.ndarray | None = None


def gather_predictions(parts: Iterable[ImagePredictions]) -> Predictions:
    """Joins the predictions of single images.

    Rows that are equal in everything are merged and counted: a detector without non-maximum suppression may emit one
    box twice, and the second one says nothing new. Boxes without area, which clipping makes of boxes beside the image,
    are left out and counted. An image without rows keeps its image score; without one it is left out.

    Raises:
        PredictionsError: an image occurs twice, only some images have an image score, or a value is invalid.
    """
    parts = list(parts)
    _check_parts(parts)
    with_image_scores = bool(parts) and parts[0].image_score is not None
    filled = [part for part in parts if len(part.scores) or with_image_scores]
    corners = np.concatenate(
        [np.zeros((0, 4)), *(np.asarray(part.boxes_xyxy, np.float64).reshape(-1, 4) for part in filled)]
    )
    predictions = Predictions(
        images=tuple(part.key for part in filled),
        image_index=np.repeat(np.arange(len(filled)), [len(part.scores) for part in filled]),
        boxes_xywh=np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1),
        z=_joined([part.slices for part in filled]),
        depth=np.ones(len(corners)),
        scores=_joined([part.scores for part in filled]),
        image_scores=np.asarray([part.image_score for part in filled], np.float64) if with_image_scores else None,
        image_notes=tuple(part.note for part in filled) if any(part.note for part in filled) else None,
        lesions=_joined_lesions(filled),
    )
    _refuse_faults(predictions)
    predictions, num_flat = drop_flat_boxes(predictions)
    repeated = repeated_rows(predictions.image_index, predictions.columns)
    dropped = {NO_AREA: num_flat} if num_flat else {}
    return replace(predictions.keep(~repeated), merged_duplicates=int(repeated.sum()), dropped=dropped)


def drop_flat_boxes(predictions: Predictions) -> tuple[Predictions, int]:
    """The predictions without boxes of no width or height, and how many those were."""
    flat = (predictions.boxes_xywh[:, 2:] == 0).any(axis=1)
    return (predictions.keep(~flat), int(flat.sum())) if flat.any() else (predictions, 0)


def _refuse_faults(predictions: Predictions) -> None:
    named = [(predictions.images[predictions.image_index[f.row]], f) for f in value_faults(predictions.columns)]
    if predictions.image_scores is not None:
        lone = np.flatnonzero(predictions.without_box)
        faults = value_faults({IMAGE_SCORE: predictions.image_scores[lone]})
        named += [(predictions.images[lone[fault.row]], fault) for fault in faults]
    if named:
        key, fault = named[0]
        raise PredictionsError(f'image {key} has an unusable prediction: {fault} ({len(named)} such values in all)')


def value_faults(columns: Mapping[str, np.ndarray]) -> list[Fault]:
    """Values that no evaluation can use: not finite, a negative size, or an image score that is no probability.

    Args:
        columns: (N,) numbers by the name of their CSV column.
    """
    faults: list[Fault] = []
    for name, values in columns.items():
        faults += [Fault(int(r), f'{name} is not finite', f'{values[r]}') for r in np.flatnonzero(~np.isfinite(values))]
    for name in (name for name in ('Width', 'Height', 'Depth') if name in columns):
        values = columns[name]
        faults += [Fault(int(r), f'{name} is negative', f'{values[r]}') for r in np.flatnonzero(values < 0)]
    if IMAGE_SCORE in columns:
        values = columns[IMAGE_SCORE]
        outside = np.flatnonzero((values < 0) | (values > 1))
        faults += [Fault(int(r), 'ImageScore is not between 0 and 1', f'{values[r]}') for r in outside]
    return sorted(faults)


def repeated_rows(image_index: np.ndarray, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """(N,) true for a row whose image and numbers all equal those of an earlier row."""
    keys = [image_index, *columns.values()]
    order = np.lexsort(keys)
    same_as_previous = np.ones(max(len(image_index) - 1, 0), bool)
    for key in keys:
        same_as_previous &= key[order[1:]] == key[order[:-1]]
    repeated = np.zeros(len(image_index), bool)
    repeated[order[1:]] = same_as_previous
    return repeated


def _check_parts(parts: Sequence[ImagePredictions]) -> None:
    seen: set[ImageKey] = set()
    for part in parts:
        if part.key in seen:
            raise PredictionsError(f'image {part.key} has predictions twice: give each image once')
        seen.add(part.key)
        shapes = [np.shape(part.boxes_xyxy), np.shape(part.slices), np.shape(part.scores)]
        count = len(part.scores)
        if count and shapes != [(count, 4), (count,), (count,)]:
            raise PredictionsError(f'image {part.key} has boxes, slices and scores of unequal shapes {shapes}')
    without = [part.key for part in parts if part.image_score is None]
    if 0 < len(without) < len(parts):
        raise PredictionsError(f'image {without[0]} has no image score but others have: give it for all or for none')


def _joined_lesions(parts: Sequence[ImagePredictions]) -> np.ndarray | None:
    if all(part.lesions is None for part in parts):
        return None
    lesions = [np.zeros(len(part.scores)) if part.lesions is None else part.lesions for part in parts]
    return _joined(lesions).astype(np.int64)


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0), *(np.asarray(array, np.float64) for array in arrays)])
