"""From files that somebody has to an annotation set without findings, so that a data set can read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mammo_plugins.io.coco_volume import AnnotationSet, ImageRecord
from mammo_plugins.io.dicom_modality import CT_IMAGE
from mammo_plugins.io.image_source import open_image, read_header
from mammo_plugins.io.mammogram_header import MammogramHeader
from mammo_plugins.io.unreadable_image import UnreadableImageError


@dataclass
class FoundImages:
    """Images of a folder, and what was left out of it.

    Attributes:
        annotations: the readable breast images with a known view; their malignancy is unknown.
        left_out: file to reason.
    """

    annotations: AnnotationSet
    left_out: dict[str, str] = field(default_factory=dict)


def find_images(source: str | Path) -> FoundImages:
    """Describes the DICOM and PNG images of a file or folder (with its sub-folders) by their headers.

    Images of one patient and study whose view occurs twice get suffixed view names (``lcc``, ``lcc2``).

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: none of the files can be used; the message says why for each.
    """
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(f'{source} does not exist: give a DICOM or PNG file, or a folder of such files')
    records: list[ImageRecord] = []
    left_out: dict[str, str] = {}
    repeats: Counter[tuple[str, str, str]] = Counter()
    for path in _candidates(source):
        try:
            header = _usable_header(path)
        except UnreadableImageError as error:
            left_out[str(path)] = error.reason
            continue
        records.append(_record(len(records) + 1, header, path.resolve(), repeats))
    if not records:
        reasons = ''.join(f'\n    {path}: {reason}' for path, reason in left_out.items())
        raise ValueError(f'no breast image to predict in {source}{reasons or ": it holds no file"}')
    return FoundImages(AnnotationSet(records, [], {'root': '', 'source': 'files of the user'}), left_out)


def _candidates(source: Path) -> Iterator[Path]:
    """Files, and folders that hold one volume as one file a slice."""
    if source.is_file() or _is_slice_folder(source):
        yield source
        return
    for entry in sorted(source.iterdir()):
        if not entry.name.startswith('.'):
            yield from _candidates(entry)


def _is_slice_folder(folder: Path) -> bool:
    files = [entry for entry in sorted(folder.iterdir()) if entry.is_file() and not entry.name.startswith('.')]
    if len(files) < 2:
        return False
    try:
        header = read_header(files[0])
    except UnreadableImageError:
        return False
    return header.sop_class_uid == CT_IMAGE and header.num_slices == 1


def _usable_header(path: Path) -> MammogramHeader:
    if path.stem.lower().endswith('mask'):
        raise UnreadableImageError(path, 'a segmentation mask, by its name')
    header = open_image(path).header
    if problem := header.modality_problem or header.pixel_problem:
        raise UnreadableImageError(path, problem)
    if header.view is None:
        raise UnreadableImageError(path, header.view_problem or 'side and view are unknown')
    return header


def _record(number: int, header: MammogramHeader, path: Path, repeats: Counter[tuple[str, str, str]]) -> ImageRecord:
    name = str(header.view).lower().replace('-', '')
    # Anonymised files may lack either id; views of one breast still share the other, or at least their folder.
    patient = header.patient_id or header.study_uid or path.parent.name
    study = header.study_uid or patient
    repeats[patient, study, name] += 1
    repeat = repeats[patient, study, name]
    return ImageRecord(
        id=number,
        file_name=path.as_posix(),
        width=header.columns,
        height=header.rows,
        num_slices=header.num_slices,
        patient_id=patient,
        study_uid=study,
        view=str(header.view),
        modality=header.modality,
        view_name=name if repeat == 1 else f'{name}{repeat}',
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        slice_spacing_mm=header.slice_spacing_mm,
        acquisition_time_s=header.acquisition_time_s,
    )
