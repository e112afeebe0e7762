"""Predictions in the frame that a release draws its boxes in.

Here all boxes are measured in stored pixels. BCS-DBT, and with it the DBTex challenge, first turns volumes whose chest
wall lies on the wrong side by 180 degrees (``rotated_180`` in the annotation file).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .image_names import image_keys, positions_by_name
from .predictions import Predictions

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


def exchange_frames(predictions: Predictions, annotations: AnnotationSet) -> Predictions:
    """From stored pixels to the frame of the release, or back: turns the boxes in volumes that are stored turned.

    Slices stay what they are. Predictions of images that are not in ``annotations`` are left as they are.

    Args:
        predictions: N rows.
        annotations: says which images are turned, and how large they are.
    """
    images = annotations.images
    names = positions_by_name(image_keys(images), [image.modality for image in images])
    turned_images = {key: images[place] for key, place in names.items() if images[place].rotated_180}
    sizes = {key: (image.width, image.height) for key, image in turned_images.items()}
    turned = np.asarray([key in sizes for key in predictions.images], bool)[predictions.image_index]
    extent = np.asarray([sizes.get(key, (0, 0)) for key in predictions.images], np.float64).reshape(-1, 2)
    boxes = predictions.boxes_xywh.copy()
    boxes[turned, :2] = extent[predictions.image_index[turned]] - boxes[turned, :2] - boxes[turned, 2:]
    return replace(predictions, boxes_xywh=boxes)
