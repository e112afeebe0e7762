"""Images that belong to no known data set: any folder of DICOM, PNG and MetaImage files, without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.datasets.converters import ConversionError
from mammo_plugins.datasets.converters.conversion_report import ConversionReport
from mammo_plugins.io import AnnotationSet


def convert_folder(src: str | Path, *, workers: int | None = None, show_progress: bool = True) -> AnnotationSet:
    """Annotations of the images that ``mammo predict`` would read, with nothing known of them but what headers say.

    As all images of which nobody knows whether they are malignant, they have no split; pretraining reads them with
    ``split=None``. What is no image of a whole breast is left out, by file and reason.

    Args:
        src: a folder, with its sub-folders.
        workers, show_progress: unused, for files are looked at in this process; every converter has them.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is a file, or none of its files can be used; the message says why for each.
    """
    src = Path(src).absolute()
    if src.is_file():
        raise ConversionError(f'{src} is a file: name the folder that it lies in')
    found = find_images(src)
    report = ConversionReport()
    for path, reason in found.left_out.items():
        report.drop(path, reason, 'files')
    for path, doubt in found.doubts.items():
        report.note(path, doubt, 'doubtful_images')
    for note in found.notes:
        report.note(str(src), note, 'notes_on_patients')
    images = [
        replace(image, file_name=Path(image.file_name).relative_to(src).as_posix())
        for image in found.annotations.images
    ]
    return report.build(images, [], converter='folder', source=src, release='images without labels', tables=())
