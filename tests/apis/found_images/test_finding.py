"""What is found in folders as users have them, by small DICOM files made here."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.io.dicom_modality import BREAST_TOMOSYNTHESIS, MG_FOR_PROCESSING
from mammo_plugins.io.image_source import open_image
from tests.apis.found_images.written_files import write
from tests.io.dicom_builder import code, ct_slices, dbt_volume, item, mammogram, save, stored_breast


def write_series(folder: Path, count: int = 4, prefix: str = 's', **elements) -> str:
    """A volume of one file a slice, its names in no order."""
    series = elements.setdefault('SeriesInstanceUID', generate_uid())
    volume = np.stack([stored_breast(top=1000 + 200 * index) for index in range(count)])
    shared = {'ImageLaterality': 'L', 'ViewPosition': 'CC', **elements}
    for number, part in enumerate(ct_slices(volume, **shared)):
        save(part, folder / f'{prefix}{(7 * number) % count}.dcm')
    return series


def reasons(found) -> dict[str, str]:
    return {Path(path).name: reason for path, reason in found.left_out.items()}


def views(found) -> list[str]:
    return sorted(f'{image.view_name} {image.modality}' for image in found.annotations.images)


def test_slices_among_other_images_are_one_volume_whatever_the_names(tmp_path):
    write(tmp_path / 'A.dcm', ViewPosition='MLO')
    series = write_series(tmp_path)
    write(tmp_path / 'Z.dcm', top=2900)
    found = find_images(tmp_path)
    assert views(found) == ['lcc DBT', 'lcc FFDM', 'lmlo FFDM'] and not found.left_out
    (volume,) = [image for image in found.annotations.images if image.modality == 'DBT']
    assert (volume.num_slices, volume.file_name) == (4, (tmp_path / f'{series}.series').as_posix())
    tops = [pixels.max() for pixels in open_image(volume.file_name).iter_slices(voi='none')]
    assert tops == sorted(tops)  # in the order of their positions


def test_two_series_in_a_folder_are_two_volumes(tmp_path):
    write_series(tmp_path, prefix='a')
    write_series(tmp_path, prefix='b', ViewPosition='MLO')
    assert views(find_images(tmp_path)) == ['lcc DBT', 'lmlo DBT']


def test_series_that_is_spread_over_folders_is_one_volume(tmp_path):
    series = generate_uid()
    for number, part in enumerate(ct_slices(np.stack([stored_breast(top=2000 + n) for n in range(3)]))):
        part.SeriesInstanceUID = series
        save(part, tmp_path / str(number) / 'x.dcm')
    (volume,) = find_images(tmp_path).annotations.images
    assert volume.num_slices == 3 and open_image(volume.file_name).header.num_slices == 3


def test_acquisitions_of_one_series_are_apart_and_in_doubt(tmp_path):
    series = generate_uid()
    write_series(tmp_path, prefix='a', SeriesInstanceUID=series, AcquisitionNumber=1)
    volume = np.stack([stored_breast(top=2000 + 200 * index) for index in range(4)])
    for number, part in enumerate(ct_slices(volume, AcquisitionNumber=2, SeriesInstanceUID=series)):
        save(part, tmp_path / f'b{number}.dcm')
    found = find_images(tmp_path)
    assert [image.num_slices for image in found.annotations.images] == [4, 4]
    assert all('one of 2 volumes of its series' in doubt for doubt in found.doubts.values()) and len(found.doubts) == 2


@pytest.mark.parametrize('folders', [('', ''), ('p1', 'p2')])
@pytest.mark.parametrize('other', [{'PatientID': 'P2', 'StudyInstanceUID': '9.9'}, {'PatientOrientation': ['P', 'H']}])
def test_series_uid_of_two_patients_or_orientations_is_two_volumes(tmp_path, other, folders):
    series = generate_uid()
    parts = ct_slices(np.stack([stored_breast(top=2000 + 200 * index) for index in range(6)]), SeriesInstanceUID=series)
    for number, part in enumerate(parts):
        for name, value in other.items() if number > 3 else ():
            setattr(part, name, value)
        save(part, tmp_path / folders[number > 3] / f'{number}.dcm')
    for folder in folders:
        write(tmp_path / folder / 'a.dcm', ViewPosition='MLO')  # so that no folder is a volume of its own
    volumes = [image for image in find_images(tmp_path).annotations.images if image.modality == 'DBT']
    assert sorted(image.num_slices for image in volumes) == [2, 4]
    assert all(open_image(image.file_name).header.num_slices == image.num_slices for image in volumes)
    assert len({image.patient_id for image in volumes}) == (2 if 'PatientID' in other else 1)


def test_one_instance_uid_for_all_slices_loses_none(tmp_path):
    write_series(tmp_path, SOPInstanceUID='1.2.3')
    found = find_images(tmp_path)
    assert [image.num_slices for image in found.annotations.images] == [4] and not found.left_out
    assert list(found.doubts.values()) == ['several slices have one SOP Instance UID']


@pytest.mark.parametrize(
    ('positions', 'reason'),
    [((0, 1, 2, 5), 'a slice is missing between'), ((0, 1, 1, 2), 'lie at the same position')],
)
def test_slices_that_are_no_volume_are_refused_by_reason(tmp_path, positions, reason):
    write(tmp_path / 'a.dcm', ViewPosition='MLO')
    series = generate_uid()
    for z, part in zip(positions, ct_slices(np.stack([stored_breast()] * 4))):
        part.SeriesInstanceUID, part.ImagePositionPatient, part.InstanceNumber = series, [0, 0, float(z)], None
        save(part, tmp_path / f'{part.SOPInstanceUID}.dcm')
    found = find_images(tmp_path)
    assert views(found) == ['lmlo FFDM']
    (refused,) = found.left_out.values()
    assert reason in refused and '(4 slices)' in refused


def test_tomosynthesis_objects_of_one_frame_each_are_gathered_too(tmp_path):
    series = generate_uid()
    for number in range(3):
        part = dbt_volume(np.stack([stored_breast()]), SeriesInstanceUID=series, InstanceNumber=number + 1)
        assert part.SOPClassUID == BREAST_TOMOSYNTHESIS
        save(part, tmp_path / f'{number}.dcm')
    (volume,) = find_images(tmp_path).annotations.images
    assert volume.num_slices == 3


@pytest.mark.parametrize(
    ('elements', 'reason'),
    [
        ({'ImageType': ['DERIVED', 'PRIMARY', 'STEREO_SCOUT']}, 'stereotactic'),
        ({'ImageType': ['DERIVED', 'PRIMARY', 'POSTFIRE_PLUS']}, 'stereotactic'),
        ({'ImageType': ['ORIGINAL', 'PRIMARY', 'LOCALIZER']}, 'localiser'),
        ({'ImageType': ['DERIVED', 'PRIMARY', '', 'SUBTRACTION']}, 'subtraction'),
        ({'ViewPosition': 'SPECIMEN'}, 'specimen'),
        ({'ViewPosition': None, 'ViewCodeSequence': Sequence([code('127457009', 'SCT', 'specimen')])}, 'specimen'),
        ({'SeriesDescription': 'Flat Field Calibration'}, 'calibration'),
        ({'SeriesDescription': 'Left stereo biopsy'}, 'stereotactic'),
        ({'SeriesDescription': 'STEREOPAIR'}, 'stereotactic'),
        ({'SeriesDescription': 'L Biopsy -15'}, 'biopsy'),
        ({'SeriesDescription': 'Needle Localization'}, 'needle localisation'),
        ({'ImageType': ['ORIGINAL', 'PRIMARY', 'BIOPSY']}, 'biopsy'),
        ({'ViewModifierCodeSequence': Sequence([code('443857001', 'SCT', 'Biopsy')])}, 'biopsy'),
        ({'SeriesDescription': 'Specimens'}, 'specimen'),
        ({'SeriesDescription': 'SpecimenRadiograph'}, 'specimen'),
        ({'AnatomicRegionSequence': Sequence([code('127457009', 'SCT', 'tissue specimen')])}, 'specimen'),
        ({'SpecimenDescriptionSequence': Sequence([item(SpecimenIdentifier='1')])}, 'specimen'),
        ({'SeriesDescription': 'Weekly Phantom'}, 'calibration'),
        ({'SeriesDescription': 'CDMAM'}, 'calibration'),
        ({'BodyPartExamined': 'PHANTOM'}, 'calibration'),
        ({'SeriesDescription': 'Localizers'}, 'localiser'),
        ({'SeriesDescription': 'CESM recombined'}, 'contrast series'),
        ({'ImageType': ['DERIVED', 'PRIMARY', 'RECOMBINED']}, 'recombined'),
        ({'SeriesDescription': 'cropped images'}, 'cut-out'),  # CBIS-DDSM
        ({'SeriesDescription': 'ROI mask images'}, 'mask'),
        ({'SeriesDescription': 'L ML SPOT MAG'}, 'magnification view (by its Series Description)'),
        ({'SeriesDescription': 'Spot compression'}, 'spot compression view (by its Series Description)'),
        ({'SeriesDescription': 'Magnification'}, 'magnification view'),
        ({'PaddleDescription': 'SPOT CONTACT'}, 'spot compression view (by its Paddle Description)'),
        ({'PaddleDescription': 'MAG 10x10'}, 'magnification view'),
        ({'ProtocolName': 'MAG LML'}, 'magnification view'),
        ({'AcquisitionDeviceProcessingDescription': 'MAGVIEW'}, 'magnification view'),
        ({'DistanceSourceToDetector': 660, 'DistanceSourceToPatient': 367}, 'magnified 1.798 times'),
        ({'DistanceSourceToDetector': 660, 'DistanceSourceToPatient': 0}, None),
        ({'DistanceSourceToDetector': 700, 'DistanceSourceToPatient': 657}, None),  # contact, by a real header
        ({'SeriesDescription': 'MAGNA IMAGE hotspots'}, None),
        ({'SeriesDescription': 'post-biopsy mammogram'}, None),
        ({'AcquisitionDeviceProcessingDescription': 'UNSHARP MASK'}, None),
        ({'StudyDescription': 'MAMMO DIAGNOSTIC WITH BIOPSY FOLLOW-UP'}, None),
        ({'ViewPosition': 'MCC'}, 'magnification view'),
        ({'EstimatedRadiographicMagnificationFactor': 1.8}, 'magnified 1.8 times'),
        ({'Rows': 1, 'Columns': 2}, 'an image of 2 x 1 pixels'),
        ({'PatientOrientation': ['F', 'P']}, None),  # the pixels do not lie on their side
    ],
    ids=str,
)
def test_images_of_something_else_are_left_out_by_reason(tmp_path, elements, reason):
    write(tmp_path / 'good.dcm', ViewPosition='MLO')
    write(tmp_path / 'odd.dcm', top=2500, **elements)
    found = find_images(tmp_path)
    assert (reason is None) == ('lcc FFDM' in views(found))
    assert reason is None or reason in reasons(found)['odd.dcm']


@pytest.mark.parametrize(
    ('elements', 'doubt'),
    [
        ({'StudyDescription': 'Stereotactic biopsy left'}, 'stereotactic'),
        ({'StudyDescription': 'Breast specimen'}, 'specimen'),
        ({'PerformedProcedureStepDescription': 'Stereotactic Biopsy'}, 'stereotactic'),
        ({'PatientID': 'QC'}, 'quality control'),
        ({'StudyDescription': 'MAMMO SCREENING'}, None),
        ({'PatientID': 'QC-Smith'}, None),
    ],
    ids=str,
)
def test_words_of_a_study_put_its_images_in_doubt(tmp_path, elements, doubt):
    write(tmp_path / 'a.dcm', **elements)
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM'] and not found.left_out
    assert [doubt in said for said in found.doubts.values()] == ([True] if doubt else [])


def test_view_modifier_of_the_view_code_leaves_a_spot_view_out(tmp_path):
    write(tmp_path / 'good.dcm')
    modifiers = Sequence([code('399055006', 'SCT', 'Spot Compression')])
    codes = Sequence([code('399162004', 'SCT', 'cranio-caudal', ViewModifierCodeSequence=modifiers)])
    write(tmp_path / 'spot.dcm', top=2000, ViewCodeSequence=codes)
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM'] and 'spot compression view' in reasons(found)['spot.dcm']


def test_frames_of_a_plane_image_are_in_doubt_and_blank_images_left_out(tmp_path):
    write(tmp_path / 'good.dcm')
    save(mammogram(np.stack([stored_breast()] * 3), NumberOfFrames=3), tmp_path / 'cine.dcm')
    save(mammogram(np.full((80, 64), 7, np.uint16), ViewPosition='MLO'), tmp_path / 'blank.dcm')
    found = find_images(tmp_path)
    assert 'same value' in reasons(found)['blank.dcm']
    assert found.doubts[str(tmp_path / 'cine.dcm')].startswith('an object of the mammography class with 3 frames')


def test_bright_air_is_in_doubt(tmp_path):
    save(mammogram(3500 - stored_breast()), tmp_path / 'a.dcm')
    (doubt,) = find_images(tmp_path).doubts.values()
    assert 'bright background' in doubt


def _reversing_table():
    table = item(LUTDescriptor=[4096, 0, 12])
    table.add_new('LUTData', 'US', list(range(4095, -1, -1)))
    return Sequence([table])


@pytest.mark.parametrize(
    ('pixels', 'elements', 'doubt'),
    [
        (stored_breast(), {'VOILUTSequence': _reversing_table()}, 'brighter than the breast'),
        (stored_breast(top=2000).astype(np.int16), {}, 'shown grey'),
        (stored_breast(top=2000).astype(np.int16), {'WindowCenter': 1000, 'WindowWidth': 2000}, None),
        (stored_breast(), {'PixelPaddingValue': 0, 'PixelPaddingRangeLimit': 2200}, 'takes 2201 of 4096 values'),
        (stored_breast(), {'PixelPaddingValue': 0, 'PixelPaddingRangeLimit': 100}, None),
    ],
)
def test_grey_values_that_hide_the_breast_are_in_doubt(tmp_path, pixels, elements, doubt):
    save(mammogram(pixels, **elements), tmp_path / 'a.dcm')
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM']
    assert [doubt in said for said in found.doubts.values()] == ([True] if doubt else [])


def test_copies_by_instance_and_by_pixels_count_once(tmp_path):
    first = write(tmp_path / 'a.dcm')
    (tmp_path / 'a (1).dcm').write_bytes(first.read_bytes())
    write(tmp_path / 'anew.dcm', SeriesInstanceUID='1.9')  # another instance of the same pixels
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM'] and 'same SOP Instance UID' in ' '.join(found.left_out.values())
    assert 'a copy with the same pixels' in reasons(found)['anew.dcm']


def test_one_instance_uid_for_all_files_loses_no_image(tmp_path):
    for number, (position, top) in enumerate((('CC', 3000), ('MLO', 3000), ('CC', 2500), ('CC', 3000))):
        write(tmp_path / f'{number}.dcm', top=top, ViewPosition=position, SOPInstanceUID='1.2.3.4')
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM', 'lcc2 FFDM', 'lmlo FFDM']
    assert list(reasons(found)) == ['3.dcm'] and 'same SOP Instance UID' in reasons(found)['3.dcm']
    in_doubt = [Path(path).name for path, doubt in found.doubts.items() if 'another image by view or pixels' in doubt]
    assert in_doubt == ['1.dcm', '2.dcm']


def test_copy_that_was_cut_short_does_not_displace_the_whole_one(tmp_path):
    whole = write(tmp_path / 'b.dcm').read_bytes()
    (tmp_path / 'a.dcm').write_bytes(whole[: len(whole) // 2])
    found = find_images(tmp_path)
    assert [Path(image.file_name).name for image in found.annotations.images] == ['b.dcm']
    assert list(reasons(found)) == ['a.dcm'] and 'same image' not in reasons(found)['a.dcm']


def test_second_image_of_a_view_is_never_silent(tmp_path):
    write(tmp_path / 'a.dcm')
    write(tmp_path / 'b.dcm', top=2500)
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM', 'lcc2 FFDM']
    assert found.doubts == {str(tmp_path / 'b.dcm'): 'image 2 of L-CC in this exam: a repeat, or of another exam'}


@pytest.mark.parametrize('raw_first', [True, False])
def test_raw_copy_is_left_out_beside_the_processed_one(tmp_path, raw_first):
    names = ('a.dcm', 'b.dcm') if raw_first else ('b.dcm', 'a.dcm')
    write(tmp_path / names[0], SOPClassUID=MG_FOR_PROCESSING, PresentationIntentType='FOR PROCESSING')
    write(tmp_path / names[1])  # the very same pixels
    found = find_images(tmp_path)
    assert [Path(image.file_name).name for image in found.annotations.images] == [names[1]]
    assert 'raw copy' in reasons(found)[names[0]]


def test_raw_view_without_a_processed_one_is_used_and_said(tmp_path):
    write(tmp_path / 'a.dcm', SOPClassUID=MG_FOR_PROCESSING, PresentationIntentType='FOR PROCESSING')
    write(tmp_path / 'b.dcm', ViewPosition='MLO', top=2500)
    found = find_images(tmp_path)
    assert views(found) == ['lcc FFDM', 'lmlo FFDM']
    assert 'kinds are mixed' in found.doubts[str(tmp_path / 'a.dcm')]


@pytest.mark.parametrize(
    ('elements', 'view'),
    [
        ({'ViewPosition': None, 'PatientOrientation': 'MLO'}, 'L-MLO'),  # CBIS-DDSM
        ({'ImageLaterality': None, 'ViewPosition': None, 'SeriesDescription': 'R CC'}, 'R-CC'),
        ({'ImageLaterality': None, 'SeriesDescription': 'Left Breast MLO tomo'}, 'L-CC'),
    ],
    ids=str,
)
def test_views_are_read_from_where_they_are(tmp_path, elements, view):
    save(mammogram(stored_breast(view[0]), **elements), tmp_path / 'a.dcm')
    (image,) = find_images(tmp_path).annotations.images
    assert image.view == view


def test_sides_of_the_frames_must_agree(tmp_path):
    def frames(*sides):
        return Sequence([item(FrameAnatomySequence=Sequence([item(FrameLaterality=side)])) for side in sides])

    volume = np.stack([stored_breast('R')] * 2)
    empty = {'SharedFunctionalGroupsSequence': None}
    save(dbt_volume(volume, PerFrameFunctionalGroupsSequence=frames('R', 'R'), **empty), tmp_path / 'a.dcm')
    save(dbt_volume(volume, PerFrameFunctionalGroupsSequence=frames('L', 'R'), **empty), tmp_path / 'b.dcm')
    found = find_images(tmp_path)
    assert views(found) == ['rcc DBT'] and 'frames of different sides' in reasons(found)['b.dcm']


@pytest.mark.parametrize(('stored', 'turned'), [('R', False), ('L', True)])
def test_volume_stored_turned_is_marked_so(tmp_path, stored, turned):
    frames = stored_breast(stored)
    shared = Sequence([item(FrameAnatomySequence=Sequence([item(FrameLaterality='R')]))])
    save(dbt_volume(np.stack([frames] * 2), SharedFunctionalGroupsSequence=shared), tmp_path / 'a.dcm')
    found = find_images(tmp_path)
    assert found.annotations.images[0].rotated_180 is turned
    assert ('turned by 180 degrees' in ' '.join(found.doubts.values())) is turned


@pytest.mark.parametrize('position', ['CC', 'MLO'])
def test_chest_wall_on_the_other_side_is_in_doubt(tmp_path, position):
    pixels = stored_breast()
    save(mammogram(pixels, ViewPosition=position), tmp_path / 'upright.dcm')
    save(mammogram(pixels[::-1, ::-1].copy(), ViewPosition=position), tmp_path / 'turned.dcm')
    mirrored = mammogram(pixels[:, ::-1].copy() // 2, ViewPosition=position)
    mirrored.PatientOrientation = ['P', 'R' if position == 'CC' else 'F']  # the header says so: nothing is odd
    save(mirrored, tmp_path / 'mirrored.dcm')
    doubts = {Path(path).name: doubt for path, doubt in find_images(tmp_path).doubts.items()}
    expected = f'the chest wall lies on the right; for L-{position} it is expected on the left'
    assert {name for name, doubt in doubts.items() if expected in doubt} == {'turned.dcm'}


def test_blank_outermost_column_does_not_turn_a_volume(tmp_path):
    frames = stored_breast('R')
    frames[:, -1] = 0
    frames[0, 0] = 1
    shared = Sequence([item(FrameAnatomySequence=Sequence([item(FrameLaterality='R')]))])
    save(dbt_volume(np.stack([frames] * 2), SharedFunctionalGroupsSequence=shared), tmp_path / 'a.dcm')
    found = find_images(tmp_path)
    assert found.annotations.images[0].rotated_180 is False and not found.doubts


class TestPaths:
    """What file systems hold."""

    def test_odd_names_and_links_are_named_and_the_rest_is_found(self, tmp_path):
        write(tmp_path / 'in' / 'a.dcm')
        write(tmp_path / 'in' / 'sub [1]' / 'study\\IM1.dcm', ViewPosition='MLO')
        (tmp_path / 'in' / 'gone.dcm').symlink_to(tmp_path / 'nothing')
        (tmp_path / 'in' / 'loop').symlink_to(tmp_path / 'in')
        (tmp_path / 'in' / 'self').symlink_to(tmp_path / 'in' / 'self')
        with open(os.fsencode(tmp_path / 'in') + b'/na\xefve.dcm', 'wb') as file:
            file.write(b'x')
        os.mkfifo(tmp_path / 'in' / 'pipe')
        found = find_images(tmp_path / 'in')
        assert views(found) == ['lcc FFDM', 'lmlo FFDM']
        left_out = reasons(found)
        assert 'target does not exist' in left_out['gone.dcm'] and 'already' in left_out['loop']
        assert 'cannot be opened' in left_out['self'] and 'pipe' in left_out['pipe']
        assert 'not UTF-8' in left_out['na\udcefve.dcm'] and len(left_out) == 5

    def test_link_to_a_file_is_followed(self, tmp_path):
        write(tmp_path / 'store' / 'x', ViewPosition='CC')
        (tmp_path / 'in').mkdir()
        (tmp_path / 'in' / 'a.dcm').symlink_to(tmp_path / 'store' / 'x')
        assert views(find_images(tmp_path / 'in')) == ['lcc FFDM']

    def test_file_that_breaks_the_reader_is_named(self, tmp_path, monkeypatch):
        write(tmp_path / 'a.dcm')
        write(tmp_path / 'b.dcm', ViewPosition='MLO')
        module = 'mammo_plugins.apis.found_images.candidates'

        def explode(path):
            if path.name == 'a.dcm':
                raise KeyError('Doe^Jane')
            return open_image(path)

        monkeypatch.setattr(f'{module}.open_image', explode)
        found = find_images(tmp_path)
        assert views(found) == ['lmlo FFDM'] and reasons(found)['a.dcm'] == 'cannot be read (KeyError)'
