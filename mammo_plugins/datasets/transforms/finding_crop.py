"""A square around one finding of each view, for networks that judge findings."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.io.table_text import number_text, open_table
from mammo_plugins.structures.geometry import project_boxes, scale_homography, shift_homography
from mammo_plugins.structures.largest_box import largest_box

from .view_geometry import move_view

_COLUMNS = ('PatientID', 'StudyUID', 'View', 'X', 'Y', 'Width', 'Height', 'Score')
ImageName = tuple[str, str, str]


@TRANSFORMS.register_module()
class CropFinding(BaseTransform):
    """Cuts the square around one finding out of each view and resizes it; air is put where it leaves the image.

    The finding is the largest annotated target, or, with ``boxes``, the one that scores highest in a table of
    predictions. Adds ``finding_xyxy`` (4,), its box in stored pixels. A view without any becomes air, with None there:
    a model tells nothing of it, and nothing is learned. Stands first in ``pipeline``; a network judges the details of
    findings, so ``loading`` should not shrink.

    Source: MSVCL v2 (Li et al.), section IV.B (long side and 20 %, 224 pixels).

    Args:
        size: pixels of a side of the result.
        margin: how much longer than the longer side of the box the square is, as a share of it.
        boxes: table of predictions (columns of DBTex), such as a detector's of the same images; None for annotations.

    Raises:
        ValueError: a number is out of range, or the table is none of predictions.
        FileNotFoundError: there is no such table.
    """

    def __init__(self, size: int = 224, margin: float = 0.2, boxes: str | Path | None = None) -> None:
        if size < 1 or margin < 0:
            raise ValueError(f'out of range: {size=}, {margin=}')
        if boxes is not None and not Path(boxes).is_file():
            raise FileNotFoundError(
                f'boxes={str(boxes)!r} of CropFinding does not exist: run mammo predict or test first'
            )
        self.size, self.margin = size, margin
        self.boxes = None if boxes is None else Path(boxes)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        for view in results['views']:
            self.crop(view)
        return results

    def crop(self, view: dict[str, Any]) -> None:
        """Crops one view in place."""
        box = self._current_box(view)
        if box is None:
            height, width = view['img_shape']
            air = np.zeros((len(view['img']), self.size, self.size), np.float32)
            move_view(view, air, scale_homography(self.size / width, self.size / height))
            view['finding_xyxy'] = None
            return
        view['finding_xyxy'] = project_boxes(box, np.linalg.inv(view['homography_matrix']))
        left, top, right, bottom = box.tolist()
        side = max(1, round(max(right - left, bottom - top) * (1 + self.margin)))
        left, top = (round((low + high - side) / 2) for low, high in ((left, right), (top, bottom)))
        interpolation = cv2.INTER_AREA if self.size < side else cv2.INTER_LINEAR
        img = np.stack(
            [
                cv2.resize(_window(pixels, left, top, side), (self.size, self.size), interpolation=interpolation)
                for pixels in view['img']
            ]
        )
        scale = self.size / side
        move_view(view, img, scale_homography(scale, scale) @ shift_homography(-left, -top), clips=True)

    def _current_box(self, view: dict[str, Any]) -> np.ndarray | None:
        """(4,) xyxy in current pixels."""
        if self.boxes is not None:
            stored = self._table.get((view['patient_id'], view['study_uid'], view['view_name'].lower()))
            return None if stored is None else project_boxes(stored, view['homography_matrix'])
        boxes = view['gt_bboxes']
        index = largest_box(np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1))
        return None if index is None else boxes[index].astype(np.float64)

    @cached_property
    def _table(self) -> dict[ImageName, np.ndarray]:
        """Image to its best-scored box, (4,) xyxy in stored pixels; of equal scores the first."""
        best: dict[ImageName, tuple[float, np.ndarray]] = {}
        with open_table(self.boxes) as table:
            _, header = next(table.rows, (0, []))
            if missing := [name for name in _COLUMNS if name not in header]:
                raise ValueError(f'{self.boxes} is no table of predictions: it lacks {", ".join(missing)}')
            places = [header.index(name) for name in _COLUMNS]
            for line, row in table.rows:
                cells = [row[place] if place < len(row) else '' for place in places]
                if not cells[-1]:
                    continue  # an image score without a box
                try:
                    numbers = [float(number_text(cell, table.has_decimal_commas)) for cell in cells[3:]]
                except ValueError as error:
                    raise ValueError(f'{self.boxes}, line {line}: {error}') from error
                x, y, width, height, score = numbers
                key = (cells[0], cells[1], cells[2].lower())
                if key not in best or score > best[key][0]:
                    best[key] = score, np.array([x, y, x + width, y + height])
        return {key: box for key, (_, box) in best.items()}


def _window(pixels: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """(side, side) of an image, 0 outside it."""
    window = np.zeros((side, side), np.float32)
    height, width = pixels.shape
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    if rows.start < rows.stop and columns.start < columns.stop:
        inside = pixels[rows, columns]
        window[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = inside
    return window
