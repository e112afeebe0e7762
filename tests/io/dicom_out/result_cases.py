"""A small study and what was predicted of it, built in memory."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from mammo_plugins.io.dicom_modality import BREAST_TOMOSYNTHESIS, MG_FOR_PRESENTATION
from mammo_plugins.io.dicom_out.study_results import Mark, Model, ReadImage, StudyResults
from mammo_plugins.structures import Laterality, ViewKey

STUDY = '1.2.3.4'
MODEL = Model('finder', 'ab' * 32)


def header(name: str, frames: int = 1, **elements) -> Dataset:
    """The pruned header of an image of 40 x 60 pixels (columns x rows)."""
    dataset = Dataset()
    dataset.SOPClassUID = BREAST_TOMOSYNTHESIS if frames > 1 else MG_FOR_PRESENTATION
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[name]), f'1.2.3.{len(name)}'
    dataset.StudyInstanceUID, dataset.PatientID, dataset.PatientName = STUDY, 'P1', 'Doe^Jane'
    dataset.StudyDate, dataset.StudyTime = '20260102', '101112'
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 60, 40, 1
    dataset.PatientOrientation = ['A', 'R']
    if frames > 1:
        dataset.NumberOfFrames = frames
        dataset.SharedFunctionalGroupsSequence = Sequence([Dataset()])
        dataset.PerFrameFunctionalGroupsSequence = Sequence([Dataset() for _ in range(frames)])
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def image(name: str = 'a', marks: tuple[Mark, ...] = (), view: str = 'L-CC', frames: int = 1, **fields) -> ReadImage:
    """An image that was read."""
    modality = 'DBT' if frames > 1 else 'FFDM'
    return ReadImage((header(name, frames),), ViewKey.parse(view), modality, marks=marks, **fields)


def mark(x: float = 10, score: float = 0.7, lesion: int = 0, slice_index: int = 0) -> Mark:
    return Mark((x, 20.0, x + 5, 27.5), slice_index, score, lesion)


def results(*images: ReadImage, failed: tuple[Dataset, ...] = (), left: float | None = None, **fields) -> StudyResults:
    """Results of a study, with the score of the left breast where it is given."""
    scores = {} if left is None else {Laterality.LEFT: left}
    return StudyResults(MODEL, images, failed, breast_scores=scores, **fields)
