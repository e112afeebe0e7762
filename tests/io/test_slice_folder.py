"""Volumes of one DICOM file a slice: order, and what is refused."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid

from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.slice_folder import DicomSliceFolder
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import ct_slices, gradient, mammogram, save

VOLUME = gradient((6, 8, 7))


def write(folder: Path, datasets, names=None) -> Path:
    for n, dataset in enumerate(datasets):
        save(dataset, folder / (names[n] if names else f'{n:03}.dcm'))
    return folder


def read(folder: Path) -> np.ndarray:
    return np.stack(list(DicomSliceFolder(folder).iter_slices(voi='none')))


def reason_of(folder: Path) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        open_image(folder)
    assert caught.value.path == folder
    return caught.value.reason


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(6)))
def test_slices_are_sorted_by_position_whatever_the_files_are_called(tmp_path_factory, order):
    slices = ct_slices(VOLUME)
    for n, dataset in enumerate(slices):
        dataset.ImagePositionPatient = [0, 0, 2.5 * n - 40]
    folder = write(tmp_path_factory.mktemp('ct'), slices, [f'{name}.dcm' for name in order])
    np.testing.assert_array_equal(read(folder), VOLUME / np.float32(4095))


def test_stack_of_a_lateral_view_is_sorted_along_its_normal(tmp_path):
    slices = ct_slices(VOLUME, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    for n, dataset in enumerate(slices):
        dataset.ImagePositionPatient = [-float(n), 3, 5]  # the normal is (-1, 0, 0); z never changes
    folder = write(tmp_path, slices, [f'{9 - n}.dcm' for n in range(6)])
    np.testing.assert_array_equal(read(folder), VOLUME / np.float32(4095))
    assert DicomSliceFolder(folder).header.slice_spacing_mm == 1


def test_distance_of_slices_is_unknown_where_positions_do_not_differ(tmp_path):
    folder = write(tmp_path, ct_slices(VOLUME, ImagePositionPatient=[0, 0, 0]), [f'{n}.dcm' for n in range(6)])
    assert DicomSliceFolder(folder).header.slice_spacing_mm is None


@pytest.mark.parametrize('position', [[0, 0, 0], None])
def test_instance_number_sorts_slices_whose_positions_do_not_differ(tmp_path, position):
    folder = write(tmp_path, ct_slices(VOLUME, ImagePositionPatient=position), [f'{9 - n}.dcm' for n in range(6)])
    np.testing.assert_array_equal(read(folder), VOLUME / np.float32(4095))


def test_header_is_that_of_the_volume(tmp_path):
    header = DicomSliceFolder(write(tmp_path, ct_slices(VOLUME))).header
    assert (header.path, header.modality, header.num_slices, str(header.view)) == (tmp_path, 'DBT', 6, 'R-MLO')


def test_wanted_slices_only(tmp_path):
    source = open_image(write(tmp_path, ct_slices(VOLUME)))
    wanted = np.stack(list(source.iter_slices([4, 1], voi='none')))
    np.testing.assert_array_equal(wanted, VOLUME[[4, 1]] / np.float32(4095))
    with pytest.raises(ValueError, match='slice 6 is outside 0 to 5'):
        source.iter_slices([6])


def test_volume_of_one_slice_is_read(tmp_path):
    assert read(write(tmp_path, ct_slices(VOLUME[:1]))).shape == (1, 8, 7)


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    folder = write(tmp_path, ct_slices(VOLUME))
    (folder / 'LICENSE').write_text('free')
    (folder / '.DS_Store').write_bytes(b'x')
    assert len(read(folder)) == 6


def test_broken_slice_is_named(tmp_path):
    folder = write(tmp_path, ct_slices(VOLUME))
    (folder / '002.dcm').write_bytes(b'nothing')
    with pytest.raises(UnreadableImageError, match=r'002\.dcm: not a DICOM file'):
        open_image(folder)


def test_truncated_slice_is_named_before_any_is_read(tmp_path):
    folder = write(tmp_path, ct_slices(VOLUME))
    path = folder / '003.dcm'
    path.write_bytes(path.read_bytes()[:-10])
    source = open_image(folder)
    with pytest.raises(UnreadableImageError, match=r'003\.dcm: truncated'):
        source.iter_slices()


def test_missing_slice_is_noticed_by_instance_number(tmp_path):
    slices = ct_slices(VOLUME, ImagePositionPatient=None)
    assert reason_of(write(tmp_path, slices[:2] + slices[3:])) == 'slices are missing: Instance Number 3'


def test_missing_slice_is_noticed_by_position(tmp_path):
    slices = ct_slices(VOLUME, InstanceNumber=None)
    reason = reason_of(write(tmp_path, slices[:2] + slices[3:]))
    assert reason.startswith('a slice is missing between 001.dcm and 002.dcm: they lie 2.00 mm apart')


def at_positions(*z, **elements):
    """Slices of the volume at some places along the stack, without numbers."""
    slices = ct_slices(VOLUME[: len(z)], InstanceNumber=None, **elements)
    for part, place in zip(slices, z):
        part.ImagePositionPatient = [0, 0, place]
    return slices


@pytest.mark.parametrize('start', [0.0, 40.0, 1000.1])
def test_distance_of_one_and_a_half_is_no_gap_wherever_the_stack_begins(tmp_path, start):
    places = [round(start + z, 4) for z in (0, 0.1, 0.2, 0.35, 0.45)]
    assert open_image(write(tmp_path, at_positions(*places))).header.num_slices == 5


def test_distance_just_above_one_and_a_half_is_a_gap(tmp_path):
    reason = reason_of(write(tmp_path, at_positions(40.0, 40.1, 40.2, 40.3502, 40.4502)))
    assert reason.startswith('a slice is missing between 002.dcm and 003.dcm')


@pytest.mark.parametrize('start', [0.0, 5.0, 10.0, 40.0, 1000.1])
def test_slices_a_micrometre_apart_lie_at_one_position_wherever_the_stack_begins(tmp_path, start):
    places = [round(start + z, 4) for z in (0, 0.001, 1, 2)]
    assert 'lie at the same position' in reason_of(write(tmp_path, at_positions(*places)))


def test_slices_more_than_a_micrometre_apart_are_two(tmp_path):
    places = [round(40 + 0.002 * n, 4) for n in range(4)]
    assert open_image(write(tmp_path, at_positions(*places))).header.num_slices == 4


@pytest.mark.parametrize('difference', [0.0, 1e-7, -1e-7])
def test_order_does_not_hang_on_which_of_two_equal_extents_is_larger(tmp_path, difference):
    """An oblique stack without Image Orientation: x grows while z falls, by the same distance but for rounding."""
    slices = ct_slices(VOLUME, InstanceNumber=None, ImageOrientationPatient=None)
    for n, part in enumerate(slices):
        part.ImagePositionPatient = [0.7 * n, 0, -(0.7 + difference) * n]
    np.testing.assert_array_equal(read(write(tmp_path, slices)), VOLUME / np.float32(4095))


def test_duplicate_file_is_named(tmp_path):
    folder = write(tmp_path, ct_slices(VOLUME))
    (folder / 'copy.dcm').write_bytes((folder / '004.dcm').read_bytes())
    assert reason_of(folder) == 'the same slice lies in several files: 004.dcm, copy.dcm'


def test_two_slices_under_one_number_are_refused(tmp_path):
    slices = ct_slices(VOLUME)
    slices[3].InstanceNumber = 3
    assert reason_of(write(tmp_path, slices)) == 'several slices have Instance Number 3'


def test_mixed_series_are_refused(tmp_path):
    slices = ct_slices(VOLUME)
    slices[5].SeriesInstanceUID = generate_uid()
    assert reason_of(write(tmp_path, slices)).startswith('slices of 2 series are mixed')


def test_slices_of_different_size_are_refused(tmp_path):
    slices = ct_slices(VOLUME[:3]) + ct_slices(gradient((1, 9, 7)))
    for dataset in slices:
        dataset.SeriesInstanceUID = '1.2.3'
    assert reason_of(write(tmp_path, slices)).startswith('slices of 2 numbers of rows are mixed: 8 (3), 9 (1)')


def test_slices_without_position_and_number_are_refused(tmp_path):
    slices = ct_slices(VOLUME, ImagePositionPatient=None, InstanceNumber=None)
    assert reason_of(write(tmp_path, slices)) == 'slices have neither distinct positions nor instance numbers'


def test_folder_of_separate_mammograms_is_refused(tmp_path):
    assert 'is an image of its own' in reason_of(write(tmp_path, [mammogram(), mammogram()]))


def test_folder_without_dicom_files_is_refused(tmp_path):
    (tmp_path / 'readme.txt').write_text('hello')
    assert reason_of(tmp_path) == 'the folder holds no DICOM file'


def test_instance_numbers_billions_apart_are_refused_without_listing_them(tmp_path):
    slices = ct_slices(VOLUME)
    slices[-1].InstanceNumber = 2_000_000_000
    tracemalloc.start()
    reason = reason_of(write(tmp_path, slices))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason == 'slices are missing: Instance Number 6, 7, 8, 9, 10 and 1999999989 more'
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ('elements', 'what'),
    [
        ({'PatientID': 'other'}, '2 patients'), ({'StudyInstanceUID': '9.9'}, '2 studies'),
        ({'PatientOrientation': ['P', 'H']}, '2 Patient Orientations'),
    ],
)  # fmt: skip
def test_slices_of_somebody_or_something_else_are_refused(tmp_path, elements, what):
    slices = ct_slices(VOLUME, PatientOrientation=['A', 'F'])
    for dataset in slices[4:]:
        for name, value in elements.items():
            setattr(dataset, name, value)
    assert f'slices of {what} are mixed' in reason_of(write(tmp_path, slices))


def test_slice_between_two_others_is_refused(tmp_path):
    slices = ct_slices(VOLUME, InstanceNumber=None)
    for z, dataset in zip((0, 1, 2, 2.4, 3, 4), slices):
        dataset.ImagePositionPatient = [0, 0, z]
    assert '002.dcm and 003.dcm are nearer to each other' in reason_of(write(tmp_path, slices))


def stack_at(positions: tuple[float, ...]) -> list:
    slices = ct_slices(VOLUME[: len(positions)])
    for z, dataset in zip(positions, slices):
        dataset.ImagePositionPatient = [0, 0, z]
    return slices


@pytest.mark.parametrize('positions', [(0, 1, 2, 0.5, 1.5, 2.5), (2, 1, 0, 2.5, 1.5, 0.5)])
def test_two_acquisitions_that_interleave_are_refused(tmp_path, positions):
    assert 'go through the stack 2 times' in reason_of(write(tmp_path, stack_at(positions)))


@pytest.mark.parametrize(
    ('positions', 'doubt'),
    [
        ((0, 1, 2, 3.3, 4.6, 5.9), 'slices lie unevenly, 1.00 to 1.30 mm apart'),
        ((5, 3, 1, 0, 2, 4), 'slices are sorted by position; their Instance Numbers have another order'),
        ((0, 1.05, 2, 3, 4.1, 5), None), ((5, 4, 3, 2, 1, 0), None),
    ],
)  # fmt: skip
def test_odd_stack_is_in_doubt(tmp_path, positions, doubt):
    header = DicomSliceFolder(write(tmp_path, stack_at(positions))).header
    assert header.doubts == ((doubt,) if doubt else ())


def test_one_instance_uid_for_all_slices_is_a_doubt_and_no_copy(tmp_path):
    header = DicomSliceFolder(write(tmp_path, ct_slices(VOLUME, SOPInstanceUID='1.2.3'))).header
    assert (header.num_slices, header.doubts) == (6, ('several slices have one SOP Instance UID',))
