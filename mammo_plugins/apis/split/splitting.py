"""Splits by patient of a file that has others, or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mammo_plugins.datasets.converters.patient_splits import split_patients
from mammo_plugins.io import AnnotationSet, read_annotations, write_annotations


def split_annotations(ann_file: str | Path, out: str | Path, shares: Sequence[float], seed: int = 0) -> AnnotationSet:
    """Writes an annotation file again with its patients in other splits.

    Args:
        ann_file: any annotation file.
        out: the file to write; images are found from there too.
        shares: of the patients in train, validation and test, such as ``(0.8, 0.1, 0.1)``.
        seed: who comes into which split.

    Returns:
        What was written.

    Raises:
        ValueError: the shares are not three numbers that sum to 1.
        FileNotFoundError: there is no such file.
    """
    annotations, out = read_annotations(ann_file), Path(out)
    split_of = split_patients((image.patient_id for image in annotations.images), shares, seed)
    images = [replace(image, split=split_of[image.patient_id]) for image in annotations.images]
    info = {**annotations.info, 'split_shares': list(shares), 'split_seed': seed}
    root = Path(annotations.info.get('root', ''))
    if not root.is_absolute():
        base = (Path(ann_file).parent / root).resolve()
        info['root'] = Path(os.path.relpath(base, out.parent.resolve())).as_posix()
    split = AnnotationSet(images, annotations.findings, info, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_annotations(out, split)
    return split
