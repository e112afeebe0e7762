"""The reference of histogram matching, from the images of an annotation file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.progress import track

from mammo_plugins.datasets.transforms import CropBreast, LoadMammogram, mean_histogram
from mammo_plugins.io import AnnotationSet, read_annotations
from mammo_plugins.io.whole_file import write_whole


def write_mean_histogram(
    annotations: str | Path,
    out: str | Path,
    modality: str | None = 'FFDM',
    split: str | None = 'train',
    limit: int | None = None,
) -> int:
    """Averages the breast histograms of images, for :class:`~mammo_plugins.datasets.transforms.MatchHistogram`.

    Args:
        annotations: annotation file.
        out: json to write; it appears only when it is complete.
        modality, split: the images to use; None for all.
        limit: use the first so many images only.

    Returns:
        The number of images.

    Raises:
        ValueError: no image is selected, or one cannot be read.
    """
    chosen = read_annotations(annotations).select(modality=modality, split=split)
    if not chosen.images:
        raise ValueError(f'no image of modality={modality!r}, split={split!r} in {annotations}')
    histogram, count = mean_histogram(_cropped(chosen, limit))
    content = {
        'annotations': Path(annotations).name,
        'modality': modality,
        'split': split,
        'images': count,
        'histogram': histogram.tolist(),
    }
    write_whole(out, json.dumps(content) + '\n')
    return count


def _cropped(annotations: AnnotationSet, limit: int | None) -> Iterator[np.ndarray]:
    load, crop = LoadMammogram(num_slices=1), CropBreast()
    for image in track(annotations.images[:limit], description='reading'):
        loaded = load(
            dict(
                img_path=str(annotations.resolve_path(image)),
                num_source_slices=image.num_slices,
                ori_shape=(image.height, image.width),
            )
        )
        window = crop.find_breast(loaded['img'][0])
        yield loaded['img'][:, window.top : window.bottom, window.left : window.right]
