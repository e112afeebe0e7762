"""The annotation file that holds volumes and their computed synthetic mammograms."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.datasets.converters.conversion_report import count_records
from mammo_plugins.datasets.synthesis import RECIPE
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.dicom_modality import COMPUTED_BY

from .volumes import SourceVolumes


def pair_annotations(
    volumes: SourceVolumes, files: Mapping[int, Path], left_out: Mapping[int, str], out: Path
) -> AnnotationSet:
    """All images of a source, followed by the synthetic mammograms of its volumes, with the same findings.

    A computed image has its volume's pixels, so boxes and masks are copied as they are, with their lesion ids, and lie
    in its one slice.

    Args:
        volumes: the source.
        files: volume's image id to its synthetic mammogram.
        left_out: volume's image id to the reason why it has none.
        out: the annotation file; paths are relative to it where it lies above or below the files, else absolute.
    """
    source = volumes.annotations
    next_id = max(image.id for image in source.images) + 1
    images = [replace(image, file_name=_name(source.resolve_path(image), volumes.root, out)) for image in source.images]
    findings = list(source.findings)
    for number, (volume_id, file) in enumerate(files.items(), start=next_id):
        images.append(_computed_record(source.image(volume_id), number, file.relative_to(out.parent).as_posix()))
        findings += [_in_one_slice(finding, number) for finding in source.findings_of(volume_id)]
    annotations = AnnotationSet(images, findings, {}, out)
    annotations.info.update(_info(source, left_out, annotations))
    return annotations


def _name(path: Path, root: Path, out: Path) -> str:
    path, folder = Path(os.path.abspath(path)), out.parent.resolve()
    if folder.is_relative_to(root) or root.is_relative_to(folder):
        return Path(os.path.relpath(path, folder)).as_posix()
    return path.as_posix()


def _computed_record(volume: ImageRecord, number: int, file_name: str) -> ImageRecord:
    return replace(
        volume,
        id=number,
        file_name=file_name,
        num_slices=1,
        modality='SM',
        manufacturer=COMPUTED_BY,
        slice_spacing_mm=None,
        computed=True,
        labels=dict(volume.labels),
    )


def _in_one_slice(finding: FindingRecord, number: int) -> FindingRecord:
    return replace(finding, image_id=number, slice_index=0, slice_range=None)


def _info(source: AnnotationSet, left_out: Mapping[int, str], annotations: AnnotationSet) -> dict[str, Any]:
    notes = [
        {'row': source.image(volume_id).file_name, 'reason': f'no synthetic mammogram computed: {reason}'}
        for volume_id, reason in left_out.items()
    ]
    info = {**source.info, 'root': '', 'notes': [*source.info.get('notes', []), *notes]}
    if 'counts' in info:
        info['counts'] = {**info['counts'], **count_records(annotations)}
    number = sum(image.computed for image in annotations.images)
    info['computed'] = {'images': number, 'recipe': RECIPE, 'by': COMPUTED_BY, 'version': mammo_plugins.__version__}
    return info
