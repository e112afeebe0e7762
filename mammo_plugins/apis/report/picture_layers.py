"""Saliency maps with patches, and pictures that a model made, as the HTML report lays them over the images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import TypeVar

import numpy as np

from mammo_plugins.evaluation import ImageKey
from mammo_plugins.evaluation.patch_files import ImagePatch, read_patches
from mammo_plugins.evaluation.saliency_files import INDEX, SaliencyMap, read_index, read_map
from mammo_plugins.evaluation.saliency_frames import saliency_on_picture
from mammo_plugins.structures.geometry import project_boxes
from mammo_plugins.visualization.report_content import ReportLayer, ReportPatch

SALIENCY_HEIGHT = 450  # a browser enlarges them; saliency has no fine detail
PICTURE_HEIGHT = 900
Listed = TypeVar('Listed')


class PictureLayers:
    """The maps or pictures of one or more models, read one by one when a picture of their image is made.

    Args:
        folders: name of the model to its folder of maps, in which there may be folders of further maps and a table of
            patches; further maps that are given by a name too have that. The name is shown where there are several.
        max_height: pixels of a layer.

    Raises:
        ValueError: a folder has no usable index, or an unusable table of patches.
    """

    def __init__(self, folders: Mapping[str, str | Path], max_height: int = SALIENCY_HEIGHT) -> None:
        self._max_height = max_height
        self._maps: dict[ImageKey, list[tuple[str, Path, SaliencyMap]]] = {}
        self._patches: dict[ImageKey, list[tuple[str, ImagePatch]]] = {}
        given = {Path(folder).resolve() for folder in folders.values()}
        for model, folder in folders.items():
            shown = '' if len(folders) == 1 else model
            for source, of_maps in _folders_of_maps(shown, Path(folder), given):
                for entry in read_index(of_maps):
                    self._maps.setdefault(entry.key, []).append((source, of_maps, entry))
            for patch in read_patches(folder):
                self._patches.setdefault(patch.key, []).append((shown, patch))

    def over(self, key: ImageKey, homography: np.ndarray, size: tuple[int, int]) -> list[ReportLayer]:
        """What lies over a picture.

        Args:
            key: the image, with its modality; maps whose index names none are those of the view in any.
            homography: (3, 3) its stored pixels to those of the picture.
            size: (width, height) of the picture in these pixels.

        Raises:
            ValueError: a map cannot be read.
        """
        shown = []
        for source, folder, entry in _of_image(self._maps, key):
            saliency = saliency_on_picture(entry, read_map(folder, entry), homography, size, self._max_height)
            shown.append(ReportLayer(entry.category, np.rint(saliency * 255).astype(np.uint8), source))
        return shown

    def patches(self, key: ImageKey, homography: np.ndarray) -> list[ReportPatch]:
        """The patches of an image in the pixels of a picture; arguments as for :meth:`over`."""
        shown = []
        for model, patch in _of_image(self._patches, key):
            box = project_boxes(np.asarray(patch.box_xyxy, np.float64), homography)
            weight = '' if patch.weight is None else f', attention {patch.weight:.2f}'
            shown.append(ReportPatch(tuple(box.tolist()), f'{model} patch {patch.number}{weight}'.strip()))
        return shown


def made_pictures(
    pictures: PictureLayers | None, key: ImageKey, homography: np.ndarray, size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Name to (h, w) uint8 intensity of what a model made of an image; arguments as for :meth:`PictureLayers.over`."""
    return {} if pictures is None else {one.name: one.levels for one in pictures.over(key, homography, size)}


def _folders_of_maps(model: str, folder: Path, given: Set[Path]) -> Iterator[tuple[str, Path]]:
    """What each folder of a model's maps is called, and where it is; that of its own maps first.

    Args:
        model: its name, empty where there is one model.
        folder: that of its own maps.
        given: folders that have names of their own.
    """
    yield model, folder
    for path in sorted(folder.glob(f'*/{INDEX}')):
        if path.parent.resolve() not in given:
            yield f'{model} {path.parent.name}'.strip(), path.parent


def _of_image(listed: Mapping[ImageKey, list[Listed]], key: ImageKey) -> list[Listed]:
    return listed.get(key) or listed.get(key._replace(modality=''), [])
