"""What a model says of images as maps and patches, written as samples come; tables once all are known.

A folder of maps has those that are scored and what was looked at closely, and a folder in it each further kind of maps:
any of them can be scored and drawn alone, and who is given the folder finds all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_plugins.evaluation.image_names import keys_by_id
from mammo_plugins.evaluation.patch_files import PATCHES, ImagePatch, write_patches
from mammo_plugins.evaluation.predictions import ImageKey
from mammo_plugins.evaluation.saliency_files import INDEX, SaliencyMap, write_index, write_map
from mammo_plugins.evaluation.saliency_frames import on_image_pixels
from mammo_plugins.io import AnnotationSet

from .sample_views import views_of_modality

MapEntry = Mapping[str, Any]
"""What :func:`index_maps` needs of a map or patch, as plain values that processes can gather."""


@dataclass(frozen=True)
class SampleMaps:
    """Entries of a sample.

    Attributes:
        maps: those that are scored.
        further: name to other maps.
        patches: what was looked at closely.
    """

    maps: list[MapEntry]
    further: dict[str, list[MapEntry]]
    patches: list[MapEntry]


def forget_saliency(folder: str | Path) -> None:
    """Removes the tables of a folder of maps, and of those in it, so that what they list counts no more."""
    folder = Path(folder)
    for path in (folder / INDEX, folder / PATCHES, *folder.glob(f'*/{INDEX}')):
        path.unlink(missing_ok=True)


def write_saliency(
    folder: str | Path, sample: Mapping[str, Any], modality: str | None = None, grid: str = 'map'
) -> SampleMaps:
    """Writes all saliency maps of a predicted case or image.

    Args:
        folder: where those that are scored go.
        sample: its views have ``pred_saliency``, and perhaps ``pred_further_saliency`` and ``pred_patches``.
        modality, grid: as for :func:`write_sample_maps`.

    Raises:
        ValueError: as for :func:`write_sample_maps`.
    """
    maps = write_sample_maps(folder, sample, modality, grid=grid)
    further: dict[str, list[MapEntry]] = {}
    patches: list[MapEntry] = []
    for view in views_of_modality(sample, modality):
        for name, planes in (view.get('pred_further_saliency') or {}).items():
            further.setdefault(name, []).extend(_write_planes(Path(folder) / name, view, planes, grid))
        patches += _patches(view)
    return SampleMaps(maps, further, patches)


def index_saliency(folder: str | Path, written: Iterable[SampleMaps], annotations: AnnotationSet) -> list[str]:
    """Writes the tables of what :func:`write_saliency` wrote, in place of those of before; gives the further names."""
    written = list(written)
    forget_saliency(folder)
    index_maps(folder, [one for sample in written for one in sample.maps], annotations)
    names = list(dict.fromkeys(name for sample in written for name in sample.further))
    for name in names:
        entries = [one for sample in written for one in sample.further.get(name, [])]
        index_maps(Path(folder) / name, entries, annotations)
    if patches := [one for sample in written for one in sample.patches]:
        _index_patches(folder, patches, annotations)
    return names


def write_sample_maps(
    folder: str | Path,
    sample: Mapping[str, Any],
    modality: str | None = None,
    field: str = 'pred_saliency',
    grid: str = 'map',
) -> list[MapEntry]:
    """Writes the maps of a predicted case or image, or the pictures that a model made of it.

    Args:
        folder: where the maps go.
        sample: its views have the field, ``homography_matrix`` and ``img_shape``.
        modality: of the image to take of a case that pairs modalities; None for both.
        field: ``pred_saliency`` or ``pred_pictures``.
        grid: ``map``: as the model gave them; ``image``: a value for each stored pixel, that of its cell, for which
            views have ``ori_shape``.

    Returns:
        What :func:`index_maps` needs of each.

    Raises:
        ValueError: something is missing, or a map holds other values than 0 to 1.
    """
    return [
        entry
        for view in views_of_modality(sample, modality)
        for entry in _write_planes(folder, view, _needed(view, field), grid)
    ]


def index_maps(folder: str | Path, entries: Iterable[MapEntry], annotations: AnnotationSet) -> None:
    """Writes the index of maps that :func:`write_sample_maps` wrote, in the order of the annotation file."""
    once = {(one['image_id'], one['category']): one for one in entries}
    names, place = keys_by_id(annotations.images), _place(annotations)
    ordered = sorted(once.values(), key=lambda one: (place[one['image_id']], one['file']))
    write_index(folder, [_entry(names[one['image_id']], one) for one in ordered])


def _index_patches(folder: str | Path, entries: Iterable[MapEntry], annotations: AnnotationSet) -> None:
    once = {(one['image_id'], one['number']): one for one in entries}
    names, place = keys_by_id(annotations.images), _place(annotations)
    ordered = sorted(once.values(), key=lambda one: (place[one['image_id']], one['number']))
    write_patches(
        folder, [ImagePatch(names[one['image_id']], one['number'], one['box'], one['weight']) for one in ordered]
    )


def _place(annotations: AnnotationSet) -> dict[int, int]:
    return {image.id: index for index, image in enumerate(annotations.images)}


def _write_planes(folder: str | Path, view: Mapping[str, Any], planes: Mapping[str, Any], grid: str) -> list[MapEntry]:
    return [
        _write(folder, view, number, category, saliency, grid)
        for number, (category, saliency) in enumerate(planes.items())
    ]


def _write(
    folder: str | Path, view: Mapping[str, Any], number: int, category: str, saliency: Any, grid: str
) -> MapEntry:
    image_id = _image_id(view)
    saliency = saliency.detach().cpu().numpy() if hasattr(saliency, 'detach') else np.asarray(saliency)
    height, width = _needed(view, 'img_shape')[:2]
    entry = SaliencyMap(
        ImageKey('', '', str(image_id)),
        str(category),
        f'{image_id:07d}_{number}.png',
        tuple(saliency.shape),
        (float(height), float(width)),
        np.asarray(_needed(view, 'homography_matrix'), np.float64),
    )
    if grid == 'image':
        entry, saliency = on_image_pixels(entry, saliency, tuple(_needed(view, 'ori_shape')[:2]))
    write_map(folder, entry, saliency)
    return {
        'image_id': image_id,
        'category': entry.category,
        'file': entry.file,
        'shape': entry.shape,
        'covered': entry.covered,
        'homography': entry.homography,
        'note': view.get('pred_note', ''),
    }


def _patches(view: Mapping[str, Any]) -> list[MapEntry]:
    found = view.get('pred_patches')
    if found is None:
        return []
    boxes = np.asarray(found.get('bboxes'), np.float64)
    weights = found.get('weights')
    weights = [None] * len(boxes) if weights is None else np.asarray(weights, np.float64).tolist()
    return [
        {'image_id': _image_id(view), 'number': number, 'box': tuple(box), 'weight': weight}
        for number, (box, weight) in enumerate(zip(boxes.tolist(), weights, strict=True), start=1)
    ]


def _image_id(view: Mapping[str, Any]) -> int:
    image_id = view.get('image_id', view.get('img_id'))
    if image_id is None:
        raise ValueError(f'a view with the fields {sorted(view.keys())} has no image_id: add it when packing')
    return int(image_id)


def _needed(view: Mapping[str, Any], name: str) -> Any:
    value = view.get(name)
    if value is None:
        raise ValueError(f'a view with the fields {sorted(view.keys())} has no {name}: a saliency map needs it')
    return value


def _entry(key: ImageKey, values: MapEntry) -> SaliencyMap:
    return SaliencyMap(
        key, values['category'], values['file'], values['shape'], values['covered'], values['homography']
    )
