"""Segments: where an image has a place for them, what they hold, and what is said where it has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

pytest.importorskip('highdicom', reason='highdicom is not installed: pip install "mammo-plugins[dicom-out]"')

from mammo_plugins.io.dicom_out.marked_pixels import covered_pixels
from mammo_plugins.io.dicom_out.read_back import read_marks
from mammo_plugins.io.dicom_out.result_objects import save_result
from mammo_plugins.io.dicom_out.result_settings import ResultSettings
from mammo_plugins.io.dicom_out.segmentation import build_segmentations, find_place_problem
from tests.dicom_validation import dciodvfy_errors

from .result_cases import header, image, mark, results


def placed(frames: int = 4, step_mm: float = 1.0, **changes):
    """A volume whose slices lie in space."""
    volume = image('v', (mark(slice_index=2), mark(20, slice_index=0)), frames=frames)
    (first,) = volume.instances
    first.FrameOfReferenceUID = '1.2.9'
    shared = first.SharedFunctionalGroupsSequence[0]
    measures, plane = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.1, 0.1], 1.0
    plane.ImageOrientationPatient = [0, -1, 0, -1, 0, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([plane])
    for number, frame in enumerate(first.PerFrameFunctionalGroupsSequence):
        position = Dataset()
        position.ImagePositionPatient = [0, 0, step_mm * number]
        frame.PlanePositionSequence = Sequence([position])
    for keyword, value in changes.items():
        setattr(first, keyword, value)
    return volume


def test_each_finding_of_a_volume_is_a_segment_on_its_own_slice():
    ((segmentation,), problems) = build_segmentations(results(placed()), ResultSettings())
    assert not problems and len(segmentation.SegmentSequence) == 2
    found = {(found.frame, found.box_xyxy) for found in read_marks(segmentation)}
    assert found == {(3, (10, 20, 15, 27)), (1, (20, 20, 25, 27))}


@pytest.mark.parametrize(
    ('volume', 'said'),
    [
        (placed(step_mm=0.0), 'several of its slices have one position'),
        (placed(FrameOfReferenceUID=''), 'no Frame of Reference'),
        (image('v', (mark(),), frames=4), 'no Frame of Reference, positions or directions'),
        (replace(image('a', (mark(),)), instances=(header('a', PatientOrientation=''),)), 'nor Patient Orientation'),
    ],
)
def test_what_has_no_place_has_no_segments_and_that_is_said(volume, said):
    assert said in find_place_problem(volume)
    built, (problem,) = build_segmentations(results(volume), ResultSettings())
    assert not built and said in problem and problem.startswith('L-CC')


def test_maps_are_probabilities_on_the_stored_pixels(tmp_path):
    saliency = np.random.default_rng(0).random((60, 40))
    saliency[:20] = 0
    shown = image('a', maps={'malignant': saliency, 'benign': 1 - saliency})
    (segmentation,), problems = build_segmentations(results(shown), ResultSettings())
    stored = dcmread(save_result(tmp_path / 'seg.dcm', segmentation))
    assert not problems and not dciodvfy_errors(tmp_path / 'seg.dcm')
    assert stored.SegmentationFractionalType == 'PROBABILITY'
    assert [one.SegmentLabel for one in stored.SegmentSequence] == ['saliency: malignant', 'saliency: benign']
    for plane, wanted in zip(stored.pixel_array, (saliency, 1 - saliency)):
        np.testing.assert_allclose(plane / stored.MaximumFractionalValue, wanted, atol=0.5 / 255 + 1e-6)


def test_maps_of_a_volume_speak_of_no_slice():
    volume = replace(placed(), marks=(), maps={'malignant': np.ones((60, 40))})
    built, (problem,) = build_segmentations(results(volume), ResultSettings())
    assert not built and 'no SEG of its maps: they speak of no slice' in problem


@pytest.mark.parametrize(
    ('box', 'rows', 'columns'),
    [
        ((2.0, 3.0, 5.0, 7.0), (3, 7), (2, 5)),
        ((2.5, 3.5, 4.5, 6.5), (3, 6), (2, 4)),
        ((2.51, 3.49, 4.51, 6.51), (3, 7), (3, 5)),
        ((2.6, 3.6, 2.9, 3.9), (3, 4), (2, 3)),
    ],
)
def test_a_box_covers_pixels_by_their_centres_and_at_least_one(box, rows, columns):
    assert covered_pixels(box) == (slice(*rows), slice(*columns))
