"""Marks read back from each kind of object are those of predictions.csv, pixel for pixel and frame for frame."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from mammo_plugins.io.dicom_out.read_back import read_marks
from tests.dicom_validation import dciodvfy_errors, dsrdump_errors

from .conftest import LAYOUTS, SHOWN_FROM
from .predicted_run import ExpectedMark, expected_marks

KINDS = ('cad-sr', 'sr', 'gsps', 'seg', 'sc')
OWN_LIMITS = {
    'W: The VR checker does not support this Specific Character Set: ISO_IR 192',
    'W: Check for template constraints not yet supported',
}
"""What dsrdump says of itself."""


@pytest.fixture(scope='module', params=list(LAYOUTS))
def run(request, written) -> Path:
    """Predictions of a layout, written as all kinds of objects."""
    return written(request.param)


def objects(out: Path, kind: str):
    return [dcmread(path) for path in sorted(out.glob(f'dicom/*/{kind}*.dcm'))]


def marks_of(out: Path, kind: str):
    return [mark for dataset in objects(out, kind) for mark in read_marks(dataset)]


def places(marks):
    return sorted((mark.sop_instance_uid, mark.frame or 0, mark.box_xyxy) for mark in marks)


def covered(mark: ExpectedMark) -> tuple[float, ...]:
    """The pixels whose centres lie in a box, by looking at each one."""
    x1, y1, x2, y2 = mark.box_xyxy
    columns, rows = ([n for n in range(1000) if low <= n + 0.5 < high] for low, high in ((x1, x2), (y1, y2)))
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


def test_cad_report_holds_every_finding_with_its_score(run):
    marks, expected = marks_of(run, 'cad-sr'), expected_marks(run)
    assert expected and places(marks) == places(expected)
    scores = {(mark.sop_instance_uid, mark.box_xyxy): mark.score for mark in expected}
    for mark in marks:
        assert mark.score == pytest.approx(scores[mark.sop_instance_uid, mark.box_xyxy], abs=1e-9)
        intent = '111150' if mark.score >= 0.5 else '111151' if mark.score >= SHOWN_FROM else '111152'
        assert mark.intent == intent


@pytest.mark.parametrize('kind', ['sr', 'gsps'])
def test_what_may_be_shown_is_outlined_where_the_table_has_it(run, kind):
    assert places(marks_of(run, kind)) == places(expected_marks(run, SHOWN_FROM))


def test_segments_cover_the_pixels_of_the_boxes(run):
    problems = set(unplaced(run))
    expected = [mark for mark in expected_marks(run, SHOWN_FROM) if mark.sop_instance_uid not in problems]
    found = sorted((mark.sop_instance_uid, mark.frame or 0, mark.box_xyxy) for mark in marks_of(run, 'seg'))
    assert found == sorted((mark.sop_instance_uid, mark.frame or 0, covered(mark)) for mark in expected)


def unplaced(out: Path) -> list[str]:
    """Volumes whose slices have no place in space, by their headers."""
    uids = []
    for mark in expected_marks(out):
        (path,) = [path for path in sources(out) if path[1] == mark.sop_instance_uid][:1]
        header = dcmread(path[0], stop_before_pixels=True)
        if header.get('NumberOfFrames', 1) > 1:
            heights = {
                str(frame.PlanePositionSequence[0].ImagePositionPatient)
                for frame in header.get('PerFrameFunctionalGroupsSequence', [])
                if 'PlanePositionSequence' in frame
            }
            if len(heights) < header.NumberOfFrames or 'FrameOfReferenceUID' not in header:
                uids.append(mark.sop_instance_uid)
        elif 'ImagePositionPatient' in header and 'FrameOfReferenceUID' not in header:
            uids.append(mark.sop_instance_uid)
        elif not header.get('PatientOrientation') and 'FrameOfReferenceUID' not in header:
            uids.append(mark.sop_instance_uid)
    return uids


def sources(out: Path) -> list[tuple[Path, str]]:
    source = Path(json.loads((out / 'studies' / 'settings.json').read_text())['source'])
    files = [path for path in source.rglob('*') if path.suffix in ('.dcm', '.dicom')]
    return [(path, str(dcmread(path, specific_tags=['SOPInstanceUID']).SOPInstanceUID)) for path in files]


def test_burned_in_outlines_enclose_the_pixels_of_the_boxes(run):
    expected = defaultdict(list)
    for mark in expected_marks(run, SHOWN_FROM):
        expected[mark.sop_instance_uid, mark.frame or 0].append(covered(mark))
    found = {}
    for dataset in objects(run, 'sc'):
        source = dataset.SourceImageSequence[0]
        found[source.ReferencedSOPInstanceUID, int(source.get('ReferencedFrameNumber', 0))] = dataset.pixel_array == 255
        assert dataset.BurnedInAnnotation == 'YES' and dataset.Laterality in ('L', 'R')
    assert found.keys() == expected.keys()
    for place, drawn in found.items():
        wanted = np.zeros_like(drawn)
        for left, top, right, bottom in reversed(expected[place]):
            wanted |= frame_around(drawn.shape, left, top, right, bottom)
        np.testing.assert_array_equal(drawn, wanted)


def frame_around(shape, left, top, right, bottom):
    """One pixel outside of a box, which is as thick as lines are in small images."""
    frame = np.zeros(shape, bool)
    for row in range(top - 1, bottom + 1):
        for column in range(left - 1, right + 1):
            outside = row in (top - 1, bottom) or column in (left - 1, right)
            if outside and 0 <= row < shape[0] and 0 <= column < shape[1]:
                frame[row, column] = True
    return frame


def test_programs_find_no_error(run):
    paths = sorted(run.glob('dicom/*/*.dcm'))
    told = {path.name: errors for path in paths if (errors := dciodvfy_errors(path))}
    reports = [path for path in paths if path.name in ('cad-sr.dcm', 'sr.dcm')]
    told |= {path.name: errors for path in reports if (errors := dsrdump_errors(path)) and not OWN_LIMITS >= {*errors}}
    assert not told
