"""Small studies, and sending them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE

from tests.io.dicom_builder import mammogram, save, stored_breast

VIEWS = (('R', 'CC'), ('L', 'CC'), ('R', 'MLO'), ('L', 'MLO'))
ONE_VIEW = VIEWS[:1]
"""A study that is whole with its first image, however slow the machine is."""


def make_study(folder: Path, views: Sequence[tuple[str, str]] = VIEWS, study: str = '', **elements) -> list[Path]:
    """One small FFDM a view, of one study; gives the files."""
    study = study or generate_uid()
    shared = {
        'StudyInstanceUID': study, 'StudyDate': '20260102', 'StudyTime': '101112', 'StudyID': '1',
        'PatientOrientation': ['A', 'R'], 'PatientBirthDate': '19501231', **elements,
    }  # fmt: skip
    files = []
    for side, position in views:
        image = mammogram(stored_breast(side), ImageLaterality=side, ViewPosition=position, **shared)
        files.append(save(image, folder / f'{image.SOPInstanceUID}.dcm'))
    return files


def associated(port: int, files: Sequence[Path] = (), title: str = 'PACS', called: str = 'MAMMO', **options):
    """An association for what the files are."""
    entity = AE(ae_title=title)
    entity.add_requested_context('1.2.840.10008.1.1')
    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    for sop_class, syntax in sorted({(one.SOPClassUID, one.file_meta.TransferSyntaxUID) for one in headers}):
        entity.add_requested_context(sop_class, syntax)
    return entity.associate('127.0.0.1', port, ae_title=called, **options)


def send(port: int, files: Sequence[Path], **options) -> list[int]:
    """The status of each file, sent in one association."""
    association = associated(port, files, **options)
    assert association.is_established
    try:
        return [association.send_c_store(dcmread(file)).get('Status') for file in files]
    finally:
        association.release()
