"""Small synthetic breasts: as loaded views, as PNG and DICOM files, and as a release with its annotation file."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from mammo_plugins.io.coco_volume import AnnotationSet, FindingRecord, ImageRecord, write_annotations
from mammo_plugins.structures import SliceBins

HEIGHT, WIDTH, SLICES = 96, 64, 10


def draw_breast(height=HEIGHT, width=WIDTH, side='L', seed=0):
    """(height, width) float32 half disc at the left edge (L) or the right (R), on a black background."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    inside = ((rows / height - 0.5) / 0.4) ** 2 + (columns / width / 0.7) ** 2 < 1
    pixels = inside * np.random.default_rng(seed).uniform(0.4, 0.8, (height, width))
    return (pixels if side == 'L' else pixels[:, ::-1]).astype(np.float32)


@pytest.fixture(scope='session')
def breast():
    return draw_breast


@pytest.fixture(scope='session')
def make_view():
    """A loaded view around an image (S, H, W), with one target finding a box."""

    def make(img, boxes=(), slices=None, **changes):
        img = np.asarray(img)
        count = len(boxes)
        view = dict(
            image_id=1, img_path='breast.png', view='L-CC', view_name='lcc', modality='DBT', manufacturer='',
            spacing_mm=None, patient_id='P1', study_uid='S1', num_source_slices=len(img), ori_shape=img.shape[1:],
            rotated_180=False, malignant=float(count > 0), gt_labels={}, annotated=True, geometry_steps=[],
            gt_bboxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
            gt_bboxes_labels=np.zeros(count, dtype=np.int64),
            gt_slices=np.array([-1] * count if slices is None else slices, dtype=np.int64),
            gt_slice_ranges=np.full((count, 2), -1), gt_lesion_ids=[f'lesion{number}' for number in range(count)],
            img=img, img_shape=img.shape[1:], slice_bins=SliceBins(len(img), len(img)), homography_matrix=np.eye(3),
        )  # fmt: skip
        return {**view, **changes}

    return make


def write_png(path, stored):
    assert cv2.imwrite(str(path), stored)


def write_dbt(path, frames, bits_stored=10):
    """An uncompressed Breast Tomosynthesis file of (S, H, W) stored values."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.13.1.3'
    meta.MediaStorageSOPInstanceUID = '1.2.3.4'
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b'\0' * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = '1.2.3', '1.2.3.1'
    dataset.Modality, dataset.ImageLaterality, dataset.ViewPosition = 'MG', 'L', 'CC'
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, 'MONOCHROME2', 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits_stored, bits_stored - 1
    dataset.PixelData = frames.astype('<u2').tobytes()
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture(scope='session')
def dbt_writer():
    return write_dbt


def _image(number, name, patient, view, modality, malignant, split):
    return ImageRecord(
        id=number, file_name=name, width=WIDTH, height=HEIGHT, num_slices=SLICES if modality == 'DBT' else 1,
        patient_id=patient, study_uid=f'{patient}-S', view=view, modality=modality, split=split,
        labels={} if malignant is None else {'malignant': malignant}, manufacturer=f'vendor of {patient}',
    )  # fmt: skip


def build_release(folder: Path) -> SimpleNamespace:
    """Three patients, FFDM (PNG) and DBT (DICOM), two breasts of two views each.

    P1: left breast malignant with boxes in both views; P2: left breast malignant without boxes; P3 (validation): none.
    The CC view of P1's right breast has a benign finding.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images, findings = [], []
    for patient, split in (('P1', 'train'), ('P2', 'train'), ('P3', 'validation')):
        for view in ('L-CC', 'L-MLO', 'R-CC', 'R-MLO'):
            for modality in ('FFDM', 'DBT'):
                number = len(images) + 1
                malignant = int(view[0] == 'L' and patient != 'P3')
                name = f'{patient}-{modality}_{view}' + ('.dcm' if modality == 'DBT' else '.png')
                images.append(_image(number, name, patient, view, modality, malignant, split))
                pixels = draw_breast(side=view[0], seed=number)
                if modality == 'DBT':
                    ramp = np.linspace(0.5, 1, SLICES)[:, None, None]
                    write_dbt(folder / name, np.round(pixels * ramp * 1023))
                else:
                    write_png(folder / name, np.round(pixels * 65535).astype(np.uint16))
                if patient == 'P1' and (malignant or view == 'R-CC'):
                    x = 10 if view[0] == 'L' else WIDTH - 10 - 12
                    category = 'malignant' if malignant else 'benign'
                    slices = (4, (3, 6)) if modality == 'DBT' else (0, None)
                    findings.append(FindingRecord(number, category, (x, 40.0, 12.0, 14.0), *slices, f'{patient}a'))
    path = folder / 'annotations.json'
    write_annotations(path, AnnotationSet(images, findings, {'root': '.'}))
    return SimpleNamespace(folder=folder, path=str(path), images=images, findings=findings)


@pytest.fixture(scope='session')
def release(tmp_path_factory):
    """A release that tests only read."""
    return build_release(tmp_path_factory.mktemp('release'))


@pytest.fixture
def own_release(tmp_path):
    """A release that the test may damage."""
    return build_release(tmp_path / 'release')


LOADING = (
    dict(type='LoadMammogram', num_slices=4),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=32, max_length=64),
)
PIPELINE = (
    dict(type='RandomFlipViews'),
    dict(type='RandomShiftScale'),
    dict(type='RandomIntensity'),
    dict(type='PackCaseInputs'),
)


@pytest.fixture(scope='session')
def make_dataset():
    """A ``CaseDataset`` with loading and pipeline as in training."""
    import mammo_plugins.datasets.transforms  # noqa: F401
    from mammo_plugins.datasets.case_dataset import CaseDataset

    def make(ann_file, **changes):
        return CaseDataset(ann_file, **{**dict(loading=LOADING, pipeline=PIPELINE), **changes})

    return make
