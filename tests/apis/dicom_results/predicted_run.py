"""A folder as ``mammo predict`` leaves it, with predictions that a test makes up, so that no model is needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import dcmread

from mammo_plugins.apis.found_images.finding import describe_files
from mammo_plugins.apis.predict.study_index import StudyIndex, build_index
from mammo_plugins.apis.predict.study_parts import IMAGES, SETTINGS, StudyParts, StudyRecord
from mammo_plugins.apis.predicted_files import FINDINGS
from mammo_plugins.evaluation import ImagePredictions, Predictions, gather_predictions, read_predictions
from mammo_plugins.evaluation.image_names import image_keys, positions_by_name
from mammo_plugins.evaluation.predictions_csv import write_predictions
from mammo_plugins.io import ImageRecord, read_annotations, write_annotations

Predict = Callable[[ImageRecord, np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""An image to boxes (n, 4) xyxy, slices (n,) and scores (n,)."""


@dataclass(frozen=True)
class ExpectedMark:
    """A row of a table, in the words of DICOM: found by reading headers with pydicom alone."""

    sop_instance_uid: str
    frame: int | None
    box_xyxy: tuple[float, ...]
    score: float


def made_up(image: ImageRecord, rng: np.random.Generator, count: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes anywhere, edges between pixels."""
    size = np.array([image.width, image.height], float)
    low = rng.uniform(0, 0.7, (count, 2)) * size
    high = low + rng.uniform(0.05, 0.3, (count, 2)) * size
    boxes = np.concatenate([low, high], axis=1).astype(np.float32)
    return boxes, rng.integers(0, image.num_slices, count), rng.uniform(0.01, 1, count).astype(np.float32)


def predicted_run(source: Path, out: Path, predict: Predict = made_up, seed: int = 0, **record: object) -> Path:
    """Writes ``out`` as ``mammo predict source --out out`` does, but for tables and pages that nobody needs here.

    The first findings of the CC and MLO of a breast are one lesion. Files that are no usable image are left out.

    Args:
        source: images.
        out: folder to write.
        predict: what the model would say of an image.
        seed: of what is random.
        record: further fields of the record of each study.
    """
    parts, rng = StudyParts(out), np.random.default_rng(seed)
    build_index(parts.index_path, source)
    index = StudyIndex(parts.index_path)
    for number in range(1, index.num_studies + 1):
        study = index.study(number)
        found = describe_files(study.files, source, study.first_id, study.spread)
        folder = parts.begin(number)
        if found.annotations.images:
            write_annotations(folder / IMAGES, found.annotations)
            predictions = gather_predictions(_parts(found.annotations.images, predict, rng))
            write_predictions(folder / FINDINGS, predictions)
        parts.finish(StudyRecord(number, len(found.annotations.images), left_out=found.left_out, **record))
    content = {'source': str(source), 'config': 'configs/demo/mnm_ffdm.py', 'weights': 'ab' * 32}
    (parts.root / SETTINGS).write_text(json.dumps(content))
    return out


def _parts(images: list[ImageRecord], predict: Predict, rng: np.random.Generator) -> list[ImagePredictions]:
    parts = []
    for image, key in zip(images, image_keys(images)):
        boxes, slices, scores = predict(image, rng)
        lesions = np.arange(len(scores)) == 0 if image.view_name[1:] in ('cc', 'mlo') else np.zeros(len(scores))
        parts.append(
            ImagePredictions(key, boxes, slices, scores, float(scores.max(initial=0)), '', lesions.astype(int))
        )
    return parts


def expected_marks(out: Path, least_score: float = 0.0) -> list[ExpectedMark]:
    """What the tables of a run say, as DICOM objects are to say it."""
    expected = []
    for path in sorted(out.glob(f'studies/*/{FINDINGS}')):
        images, table = read_annotations(path.with_name(IMAGES)), read_predictions(path)
        expected += [mark for mark in _of_table(table, images.images) if mark.score >= least_score]
    return expected


def _of_table(table: Predictions, images: list[ImageRecord]) -> list[ExpectedMark]:
    names = positions_by_name(image_keys(images), [image.modality for image in images])
    marks = []
    for row in range(len(table)):
        image = images[names[table.images[table.image_index[row]]]]
        uid, frame = picture_of(Path(image.file_name), int(table.z[row]))
        x, y, width, height = table.boxes_xywh[row]
        box = np.array([x, y, x + width, y + height], np.float32).astype(float)  # DICOM has single precision
        marks.append(ExpectedMark(uid, frame, tuple(box), float(table.scores[row])))
    return marks


def picture_of(path: Path, slice_index: int) -> tuple[str, int | None]:
    """SOP Instance UID and frame number from 1 of a slice of an image; a folder of slices is sorted by height."""
    if path.is_dir():
        own = [dcmread(file, stop_before_pixels=True) for file in path.glob('*.dcm')]
        return sorted(own, key=lambda header: header.ImagePositionPatient[2])[slice_index].SOPInstanceUID, None
    header = dcmread(path, stop_before_pixels=True)
    return header.SOPInstanceUID, slice_index + 1 if int(header.get('NumberOfFrames') or 1) > 1 else None
