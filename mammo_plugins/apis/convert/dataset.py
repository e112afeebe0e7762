"""Turns a data set into an annotation file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from mammo_plugins.datasets.converters import CONVERTERS
from mammo_plugins.io import AnnotationSet, write_annotations

from .folder import convert_folder
from .image_doubts import find_image_doubts

IMAGES_LOOKED_AT = 100
FOLDER = 'folder'


def convert_dataset(
    name: str, src: str | Path, out: str | Path, check_images: int | None = IMAGES_LOOKED_AT, **options: Any
) -> AnnotationSet:
    """Converts a data set and writes its annotation file.

    What was left out stands in ``info['dropped']`` of the result with row and reason; it never stops the conversion.
    Where the file lies inside the data set, or the data set in the file's folder, paths are written relative to the
    file, so that both can be moved together; else they are absolute.

    Args:
        name: one of :data:`~mammo_plugins.datasets.converters.CONVERTERS`, such as ``bcs-dbt``, or
            ``folder`` for images without labels (:func:`~mammo_plugins.apis.convert.folder.convert_folder`).
        src: folder of the data set.
        out: annotation file to write.
        check_images: how many images to look into for what is doubtful about them (``info['doubts']``, see
            :func:`find_image_doubts`); all where None, 0 for none.
        options: of the converter, see :mod:`mammo_plugins.datasets.converters`.

    Returns:
        What was written.

    Raises:
        ValueError: an unknown name, or a folder with nothing to convert.
    """
    known = {**CONVERTERS, FOLDER: convert_folder}
    if name not in known:
        raise ValueError(f'unknown data set {name!r}: expected one of {", ".join(known)}')
    out = Path(out)
    converted = known[name](src, **options)
    reading = {key: options[key] for key in ('workers', 'show_progress') if key in options}
    doubts = find_image_doubts(converted, check_images, **reading)
    info = {**converted.info, 'doubts': doubts, 'root': _root_for(Path(src), out.parent)}
    annotation_set = replace(converted, info=info, path=out)
    write_annotations(out, annotation_set)
    return annotation_set


def _root_for(src: Path, folder: Path) -> str:
    src, folder = src.resolve(), folder.resolve()
    if src.is_relative_to(folder) or folder.is_relative_to(src):
        return Path(os.path.relpath(src, folder)).as_posix()
    return src.as_posix()


def print_summary(annotation_set: AnnotationSet, shown: int = 10) -> None:
    """Prints what was kept, the first rows that were not, with their reasons, and each doubt about images once."""
    info = annotation_set.info
    print(f'{annotation_set.path}: {info["source"]}, {", ".join(info["release"])}')
    for name, count in info['counts'].items():
        print(f'  {name:<28}{count:>8}')
    for title, entries in (('left out', info['dropped']), ('kept, but odd', info['notes'])):
        for entry in entries[:shown]:
            print(f'  {title}: {entry["row"]}: {entry["reason"]}')
        if len(entries) > shown:
            print(f'  {title}: {len(entries) - shown} more; all are listed under "info" in {annotation_set.path}')
    doubts = info['doubts']
    for entry in doubts['reasons']:
        which = f'{entry["images"]} of {doubts["looked_at"]} images, such as {entry["example"]}'
        print(f'  in doubt: {entry["reason"]} ({which})')
    if doubts['looked_at'] < len(annotation_set.images):
        print(f'  looked into {doubts["looked_at"]} images for doubts; --check-images all looks into every one')
