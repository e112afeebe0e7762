"""Saliency maps, and pictures that a model made, as the HTML report lays them over the images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mammo_plugins.evaluation import ImageKey
from mammo_plugins.evaluation.saliency_files import SaliencyMap, read_index, read_map
from mammo_plugins.evaluation.saliency_frames import saliency_on_picture

SALIENCY_HEIGHT = 450  # a browser enlarges them; saliency has no fine detail
PICTURE_HEIGHT = 900


class PictureLayers:
    """The maps or pictures of one or more models, read one by one when a picture of their image is made.

    Args:
        folders: name of the model to its folder of maps; the name is shown where there are several.
        max_height: pixels of a layer.

    Raises:
        ValueError: a folder has no usable index.
    """

    def __init__(self, folders: Mapping[str, str | Path], max_height: int = SALIENCY_HEIGHT) -> None:
        self._max_height = max_height
        self._maps: dict[ImageKey, list[tuple[str, Path, SaliencyMap]]] = {}
        for model, folder in folders.items():
            for entry in read_index(folder):
                name = entry.category if len(folders) == 1 else f'{model}: {entry.category}'
                self._maps.setdefault(entry.key, []).append((name, Path(folder), entry))

    def over(self, key: ImageKey, homography: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
        """Name to (h, w) uint8 saliency or intensity over a picture, 255 for 1.

        Args:
            key: the image, with its modality; maps whose index names none are those of the view in any.
            homography: (3, 3) its stored pixels to those of the picture.
            size: (width, height) of the picture in these pixels.

        Raises:
            ValueError: a map cannot be read.
        """
        shown = {}
        for name, folder, entry in self._maps.get(key) or self._maps.get(key._replace(modality=''), []):
            saliency = saliency_on_picture(entry, read_map(folder, entry), homography, size, self._max_height)
            shown[name] = np.rint(saliency * 255).astype(np.uint8)
        return shown
