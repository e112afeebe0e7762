"""Cutting the findings with masks of one data set into a bank, for synthesis in another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.progress import track

from mammo_plugins.datasets.finding_masks import decode_segmentation
from mammo_plugins.datasets.grey_values import from_grey_values
from mammo_plugins.datasets.synthesis.tumour_bank import TumourRecord, write_bank
from mammo_plugins.datasets.transforms import LoadMammogram
from mammo_plugins.io import read_annotations
from mammo_plugins.io.coco_volume import AnnotationSet, FindingRecord, ImageRecord


def cut_tumours(
    annotations: str | Path,
    out: str | Path,
    modality: str = 'FFDM',
    split: str | None = None,
    pixel_mm: float | None = None,
) -> tuple[int, dict[str, int]]:
    """Writes the box around the mask of each malignant or benign finding.

    Source: DisAsymNet, section 2.3, the tumour set T.

    Args:
        annotations: annotation file of a data set with masks.
        out: folder of the bank.
        modality, split: images to take; no split takes all.
        pixel_mm: spacing of stored pixels where the file does not say.

    Returns:
        How many tumours there are, and how many findings were left out by reason.

    Raises:
        ValueError: no finding is left.
    """
    chosen = read_annotations(annotations).select(modality=modality, split=split)
    load = LoadMammogram(num_slices=1)
    tumours: list[tuple[TumourRecord, np.ndarray]] = []
    left_out: dict[str, int] = {}
    for image in track(chosen.images, description='cutting'):
        findings = [one for one in chosen.findings_of(image.id) if one.category in ('malignant', 'benign')]
        spacing = image.spacing_mm or (None if pixel_mm is None else (pixel_mm, pixel_mm))
        with_mask = [one for one in findings if one.segmentation is not None]
        for reason, count in (
            ('without a mask', len(findings) - len(with_mask)),
            ('without pixel spacing', 0 if spacing else len(with_mask)),
        ):
            if count:
                left_out[reason] = left_out.get(reason, 0) + count
        if with_mask and spacing:
            pixels = _read(load, chosen, image)
            for finding in with_mask:
                tumours.append(_cut(finding, image, pixels, spacing, len(tumours)))
    if not tumours:
        raise ValueError(f'no finding of {annotations} has a mask and pixel spacing: {left_out or "there is none"}')
    write_bank(Path(out), tumours, dict(annotations=Path(annotations).name, modality=modality, split=split))
    return len(tumours), left_out


def _read(load: LoadMammogram, annotations: AnnotationSet, image: ImageRecord) -> np.ndarray:
    path = str(annotations.resolve_path(image))
    shape = (image.height, image.width)
    return load(dict(img_path=path, num_source_slices=image.num_slices, ori_shape=shape))['img'][0]


def _cut(
    finding: FindingRecord, image: ImageRecord, pixels: np.ndarray, spacing: tuple[float, float], number: int
) -> tuple[TumourRecord, np.ndarray]:
    mask = decode_segmentation(finding.segmentation, image.height, image.width)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise ValueError(f'a finding of image {image.id} ({image.file_name}) has an empty mask: convert the data again')
    patch = from_grey_values(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    record = TumourRecord(
        file=f'{number:05d}.png',
        patient_id=image.patient_id,
        study_uid=image.study_uid,
        height_mm=round(patch.shape[0] * spacing[0], 3),
        width_mm=round(patch.shape[1] * spacing[1], 3),
        category=finding.category,
    )
    return record, patch
