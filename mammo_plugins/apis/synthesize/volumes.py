"""Which volumes a source holds: an annotation file, or files that somebody has."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations
from mammo_plugins.io.source_walk import printable_path


@dataclass(frozen=True)
class SourceVolumes:
    """What a source holds.

    Attributes:
        annotations: all its images, with their findings.
        root: folder that its files lie below.
        wanted: volumes to compute a synthetic mammogram of.
        paired: volumes whose view has a synthetic mammogram already.
        left_out, doubts: file to reason; of files that somebody has.
        notes: what told patients apart, likewise.
    """

    annotations: AnnotationSet
    root: Path
    wanted: list[ImageRecord]
    paired: list[ImageRecord]
    left_out: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_volumes(source: str | Path) -> SourceVolumes:
    """The volumes of an annotation file, or of a DICOM file or folder.

    Raises:
        FileNotFoundError: there is no such file or folder.
        AnnotationError: the annotation file breaks the format.
        ValueError: there is no volume.
    """
    source = Path(source)
    if _is_annotation_file(source):
        annotations = read_annotations(source)
        root = (source.parent / annotations.info['root']).resolve()
        return _select(source, SourceVolumes(annotations, root, [], []))
    found = find_images(source)
    root = (source if source.is_dir() else source.parent).resolve()
    return _select(
        source, SourceVolumes(found.annotations, root, [], [], dict(found.left_out), dict(found.doubts), found.notes)
    )


def _is_annotation_file(source: Path) -> bool:
    if not source.is_file():
        return source.suffix == '.json' and not source.exists()  # named so, and missing: said by its reader
    with source.open('rb') as file:
        return file.read(64).lstrip()[:1] == b'{'


def _select(source: Path, volumes: SourceVolumes) -> SourceVolumes:
    images = volumes.annotations.images
    with_sm = {_view_of(image) for image in images if image.modality == 'SM'}
    for image in images:
        if image.modality == 'DBT':
            (volumes.paired if _view_of(image) in with_sm else volumes.wanted).append(image)
    if not volumes.wanted and not volumes.paired:
        raise ValueError(f'no tomosynthesis volume in {printable_path(source)}: there is nothing to compute from')
    return volumes


def _view_of(image: ImageRecord) -> tuple[str, str, str]:
    return (image.patient_id, image.study_uid, image.view)
