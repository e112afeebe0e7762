"""BCS-DBT: tables joined, boxes in stored pixels, and nothing lost without a line that says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mammo_plugins.datasets.converters import ConversionError, convert_bcs_dbt
from mammo_plugins.io import read_dbt_volume, validate_annotations
from mammo_plugins.io.dicom import DicomFile
from tests.datasets.converters.bcs_dbt_release import HEIGHT, SLICES, WIDTH, BcsDbtRelease, breast
from tests.datasets.converters.report_lines import dropped, notes


def convert(release, **options):
    annotations = convert_bcs_dbt(release.write(), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    def test_record_holds_what_table_and_header_say(self, release):
        release.add(7, 'rmlo2', 'cancer', 'validation', ImageLaterality='L', Manufacturer='HOLOGIC, Inc.')
        release.add_box(7, 'rmlo2', split='validation')
        (image,) = convert(release).images
        assert (image.patient_id, image.study_uid, image.view, image.view_name) == (
            'DBT-P00007', 'DBT-S00007', 'R-MLO', 'rmlo2',
        )  # fmt: skip
        assert (image.width, image.height, image.num_slices, image.modality) == (WIDTH, HEIGHT, SLICES, 'DBT')
        assert image.split == 'validation' and image.manufacturer == 'HOLOGIC, Inc.'
        assert image.labels == {'malignant': 1, 'benign': 0, 'actionable': 0, 'normal': 0}

    def test_paths_lead_to_the_files(self, release):
        path = release.add()
        annotations = convert(release)
        assert annotations.resolve_path(annotations.images[0]) == path

    def test_splits_come_from_the_file_names(self, release):
        for patient, split in enumerate(('test', 'train', 'validation')):
            release.add(patient, split=split)
        assert [image.split for image in convert(release).images] == ['train', 'validation', 'test']
        assert [image.split for image in convert(release, splits=['test']).images] == ['test']

    def test_tables_with_version_suffixes_are_found(self, release):
        release.add()
        folder = release.write('-v2-PHASE-2-Jan-2024')
        assert len(convert_bcs_dbt(folder, show_progress=False).images) == 1

    def test_spacing_that_the_header_lacks_is_null(self, release):
        release.add(SharedFunctionalGroupsSequence=None)
        assert convert(release).images[0].spacing_mm is None

    def test_volume_of_one_slice_is_kept(self, release):
        release.add(pixels=breast('lcc')[:1], label='cancer')
        release.add_box(slice_index=0, volume_slices=1)
        annotations = convert(release)
        assert annotations.images[0].num_slices == 1
        assert annotations.findings[0].slice_index == 0 and annotations.findings[0].slice_range is None

    def test_row_without_file_is_listed(self, release):
        release.add(1)
        release.add(2).unlink()
        annotations = convert(release)
        assert len(annotations.images) == 1
        assert dropped(annotations) == [
            'BCS-DBT-file-paths-train.csv line 3: no file DBT-P00002/1.2.2/1.2.2.1/1-1.dcm',
            'BCS-DBT-labels-train.csv line 3: no image of DBT-P00002 DBT-S00002 lcc',
        ]
        assert annotations.info['counts']['dropped_images'] == 1 and annotations.info['counts']['dropped'] == 2

    def test_unknown_view_is_listed(self, release):
        release.add(1)
        release.add(2, 'xcc', label=None, pixels=breast('lcc'))
        (line,) = dropped(convert(release))
        assert line.startswith("BCS-DBT-file-paths-train.csv line 3: unknown view 'xcc'")

    def test_truncated_volume_is_listed_with_its_reason(self, release):
        release.add(1)
        path = release.add(2, label=None)
        path.write_bytes(path.read_bytes()[:-100])
        (line,) = dropped(convert(release))
        assert line.startswith('BCS-DBT-file-paths-train.csv line 3: DBT-P00002/1.2.2/1.2.2.1/1-1.dcm: truncated: rows')

    def test_file_that_is_no_dicom_is_listed(self, release):
        release.add(1)
        release.add(2, label=None).write_text('gone' * 99)
        assert 'not a DICOM file' in dropped(convert(release))[0]

    def test_image_of_another_modality_is_listed(self, release):
        release.add(1)
        release.add(2, label=None, SeriesDescription='L CC Intelligent 2D')
        assert 'an SM object of 3 frames, where one picture is expected' in dropped(convert(release))[0]

    def test_repeated_row_is_listed_even_in_another_split(self, release):
        release.add(1)
        release.add(1, label=None, split='test')
        annotations = convert(release)
        assert [image.split for image in annotations.images] == ['train']
        assert dropped(annotations) == [
            'BCS-DBT-file-paths-test.csv line 2: repeats BCS-DBT-file-paths-train.csv line 2: DBT-P00001 DBT-S00001 lcc'
        ]


class TestFiles:
    def test_leading_folder_of_the_table_may_be_missing_on_disk(self, release):
        path = release.add()
        row = release.rows['file-paths', 'train'][0]
        row[4] = f'Breast-Cancer-Screening-DBT/{row[4]}'
        assert convert(release).images[0].file_name == path.relative_to(release.folder).as_posix()

    def test_descriptive_path_is_tried_after_the_classic_one(self, release):
        path = release.add()
        row = release.rows['file-paths', 'train'][0]
        moved = release.folder / row[3]
        moved.parent.mkdir(parents=True)
        path.rename(moved)
        assert convert(release).images[0].file_name == row[3]

    def test_only_file_of_a_series_may_have_another_name(self, release):
        path = release.add()
        path.rename(path.with_name('1-001.dcm'))
        assert convert(release).images[0].file_name.endswith('/1-001.dcm')

    def test_series_may_be_one_file_instead_of_a_folder(self, release):
        path = release.add()
        series = path.parent
        path.rename(series.with_name('moved'))
        series.rmdir()
        series.with_name('moved').rename(series.with_name(f'{series.name}.dcm'))
        assert convert(release).images[0].file_name.endswith(f'/{series.name}.dcm')

    def test_windows_paths_are_understood(self, release):
        release.add()
        row = release.rows['file-paths', 'train'][0]
        row[4] = row[4].replace('/', '\\')
        assert len(convert(release).images) == 1

    def test_paths_out_of_the_folder_are_not_followed(self, release):
        path = release.add(1)
        release.add(2)
        outside = release.folder.parent / 'outside.dcm'
        path.rename(outside)
        release.rows['file-paths', 'train'][0][3:] = ['', '../outside.dcm']
        assert 'no file ../outside.dcm' in dropped(convert(release))[0]

    @pytest.mark.parametrize('slashes', ['/', '//', '///'])
    def test_path_from_the_root_of_the_machine_is_no_file(self, release, slashes):
        outside = release.add(1).rename(release.folder.parent / 'outside.dcm')
        release.add(2)
        absolute = slashes + str(outside).lstrip('/')
        release.rows['file-paths', 'train'][0][3:] = ['', absolute]
        assert f'no file {absolute}' in dropped(convert(release))[0]

    def test_path_longer_than_any_file_name_is_no_file(self, release):
        release.add(1)
        release.add(2)
        release.rows['file-paths', 'train'][0][3:] = ['', 'a' * 300 + '/' + 'b' * 300 + '.dcm']
        assert 'no file aaa' in dropped(convert(release))[0]


class TestRotation:
    @pytest.mark.parametrize('rotated', [False, True])
    @pytest.mark.parametrize('view', ['lcc', 'rcc', 'rmlo1'])
    def test_pixels_and_not_the_header_tell_whether_a_volume_is_turned(self, release, view, rotated):
        release.add(1, view, rotated=rotated, ImageLaterality='L', PatientOrientation=['A', 'R'])
        annotations = convert(release)
        assert annotations.images[0].rotated_180 is rotated
        assert annotations.info['counts']['rotated_180'] == int(rotated)

    def test_outermost_columns_alone_decide_as_in_the_reader_that_boxes_were_drawn_in(self, release):
        pixels = breast('rcc')
        pixels[:, :, -1] = 0
        pixels[:, 0, 0] = 1
        release.add(1, 'rcc', pixels=pixels)
        assert convert(release).images[0].rotated_180 is True

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data(), rotated=st.booleans(), view=st.sampled_from(['lcc', 'rmlo']))
    def test_box_covers_the_lesion_in_the_stored_pixels(self, tmp_path_factory, data, rotated, view):
        release = BcsDbtRelease(tmp_path_factory.mktemp('release'))
        x, y = data.draw(st.integers(0, WIDTH - 2)), data.draw(st.integers(0, HEIGHT - 2))
        width, height = data.draw(st.integers(1, WIDTH - x)), data.draw(st.integers(1, HEIGHT - y))
        slice_index = data.draw(st.sampled_from([0, SLICES - 1]))  # the middle one decides on the rotation
        pixels = breast(view).copy()
        pixels[slice_index, y : y + height, x : x + width] = 1000
        stored = np.ascontiguousarray(pixels[:, ::-1, ::-1]) if rotated else pixels
        release.add(1, view, 'cancer', pixels=stored)
        release.add_box(1, view, box=(float(x), float(y), float(width), float(height)), slice_index=float(slice_index))

        annotations = convert(release)
        (finding,) = annotations.findings
        _, volume = read_dbt_volume(annotations.resolve_path(annotations.images[0]), voi='none')
        left, top, w, h = (int(value) for value in finding.bbox_xywh)
        covered = np.zeros_like(volume, bool)
        covered[finding.slice_index, top : top + h, left : left + w] = True
        np.testing.assert_array_equal(covered, volume > 0.9)

    def test_rotation_check_can_be_skipped(self, release):
        release.add(rotated=True, label='cancer')
        release.add_box(box=(2, 4, 5, 6))
        annotations = convert(release, check_rotation=False)
        assert annotations.images[0].rotated_180 is False
        assert annotations.findings[0].bbox_xywh == (2, 4, 5, 6)

    def test_one_slice_a_volume_is_decoded(self, release, monkeypatch):
        asked = []
        original = DicomFile.iter_slices

        def iter_slices(self, indices=None, voi='auto'):
            asked.append(indices)
            return original(self, indices, voi)

        monkeypatch.setattr(DicomFile, 'iter_slices', iter_slices)
        release.add(1)
        release.add(2)
        convert(release)
        assert asked == [[SLICES // 2], [SLICES // 2]]


class TestLabels:
    @pytest.mark.parametrize(
        ('label', 'malignant', 'benign'), [('normal', 0, 0), ('actionable', 0, 0), ('benign', 0, 1), ('cancer', 1, 0)]
    )
    def test_one_hot_columns_become_labels(self, release, label, malignant, benign):
        release.add(label=label)
        labels = convert(release).images[0].labels
        assert (labels['malignant'], labels['benign']) == (malignant, benign)
        assert labels['actionable'] == (label == 'actionable') and labels['normal'] == (label == 'normal')

    @pytest.mark.parametrize('values', [(0, 0, 0, 0), (1, 0, 0, 1), (2, 0, 0, 0), ('x', 0, 0, 0), ('', 0, 0, 1)])
    def test_row_that_is_not_one_hot_is_listed_and_its_image_kept_without_labels(self, release, values):
        release.add(label=None)
        release.add_row('labels', 'train', [*release.key(1, 'lcc'), *values])
        annotations = convert(release)
        assert annotations.images[0].labels == {}
        assert annotations.info['counts']['dropped_labels'] == annotations.info['counts']['unlabelled'] == 1
        assert 'no row for DBT-P00001 DBT-S00001 lcc in the labels table' in notes(annotations)[0]

    def test_labels_written_as_floats_are_read(self, release):
        release.add(label=None)
        release.add_row('labels', 'train', [*release.key(1, 'lcc'), '0.0', '0.0', '0.0', '1.0'])
        assert convert(release).images[0].labels['malignant'] == 1

    def test_repeated_label_is_listed(self, release):
        release.add(label='cancer')
        release.add_row('labels', 'train', [*release.key(1, 'lcc'), 1, 0, 0, 0])
        annotations = convert(release)
        assert annotations.images[0].labels['malignant'] == 1
        assert 'line 3: repeats BCS-DBT-labels-train.csv line 2' in dropped(annotations)[0]

    def test_split_without_labels_and_boxes_tables_is_converted(self, release):
        release.add(label=None)
        folder = release.write()
        (folder / 'BCS-DBT-labels-train.csv').unlink()
        (folder / 'BCS-DBT-boxes-train.csv').unlink()
        annotations = convert_bcs_dbt(folder, show_progress=False)
        assert annotations.images[0].labels == {} and annotations.info['counts']['unlabelled'] == 1

    def test_cancer_without_boxes_is_counted_as_not_annotated(self, release):
        release.add(1, label='cancer')
        release.add(2, label='cancer')
        release.add_box(2)
        release.add(3, label='benign')
        counts = convert(release).info['counts']
        assert (counts['positives'], counts['unannotated_positives'], counts['negatives']) == (2, 1, 1)

    def test_cancer_box_on_an_image_labelled_otherwise_is_noted(self, release):
        release.add(label='normal')
        release.add_box()
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert 'has a box of class cancer, but is not labelled Cancer' in notes(annotations)[0]


class TestBoxes:
    def test_floats_and_classes_are_read(self, release):
        release.add(label='cancer')
        release.add_box(box=('1.0', '2.5', '3.0', '4.25'), slice_index='2.0', category='Cancer', ad='1.0')
        release.add_box(box=(2, 2, 3, 3), category='benign')
        first, second = convert(release).findings
        assert (first.bbox_xywh, first.slice_index, first.category) == ((1, 2.5, 3, 4.25), 2, 'malignant')
        assert first.attributes == {'type': 'distortion'} and second.attributes == {'type': 'mass'}
        assert second.category == 'benign' and second.slice_range is None

    def test_table_without_volume_slices_is_read(self, release):
        release.add(label='cancer')
        release.add_box()
        release.columns['boxes'].remove('VolumeSlices')
        release.rows['boxes', 'train'][0].pop()
        annotations = convert(release)
        assert len(annotations.findings) == 1 and annotations.info['dropped'] == []

    def test_volume_of_other_length_than_the_table_says_is_noted(self, release):
        release.add(label='cancer')
        release.add_box(volume_slices=60)
        assert 'VolumeSlices is 60, the file has 3 slices' in notes(convert(release))[0]

    @pytest.mark.parametrize('rotated', [False, True])
    def test_box_over_the_border_is_clipped_and_noted(self, release, rotated):
        release.add(label='cancer', rotated=rotated)
        release.add_box(box=(-2, 15, 5, 10))
        annotations = convert(release)
        expected = (WIDTH - 3, 0, 3, 5) if rotated else (0, 15, 3, 5)
        assert annotations.findings[0].bbox_xywh == expected
        assert annotations.info['counts']['clipped_boxes'] == 1
        assert 'line 2: box (-2.0, 15.0, 5.0, 10.0) clipped to 16 x 20 pixels' in notes(annotations)[0]

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'box': (16, 2, 3, 3)}, 'lies outside the image of 16 x 20 pixels'),
            ({'box': (1, 1, 0, 3)}, 'has no area'),
            ({'box': (1, 1, -4, 3)}, 'has no area'),
            ({'box': ('a', 1, 2, 3)}, "X 'a' is not a number"),
            ({'box': ('', 1, 2, 3)}, "X '' is not a number"),
            ({'box': ('nan', 1, 2, 3)}, "X '' is not a number"),
            ({'slice_index': 3}, 'Slice 3 is outside 0 to 2'),
            ({'slice_index': -1}, 'Slice -1 is outside 0 to 2'),
            ({'slice_index': 1.5}, "Slice '1.5' is not a whole number"),
            ({'category': 'cyst'}, "Class 'cyst' is none of cancer, benign"),
            ({'ad': 2}, "AD '2' is neither 0 nor 1"),
            ({'patient': 9}, 'no image of DBT-P00009 DBT-S00009 lcc'),
            ({'view': 'lcc2'}, 'no image of DBT-P00001 DBT-S00001 lcc2'),
            ({'view': ''}, 'View is empty'),
        ],
    )
    def test_row_that_cannot_be_used_is_listed_with_its_line(self, release, changes, reason):
        release.add(label='cancer')
        release.add_box()
        release.add_box(**changes)
        annotations = convert(release)
        assert len(annotations.findings) == 1
        (line,) = dropped(annotations)
        assert line.startswith('BCS-DBT-boxes-train.csv line 3: ') and reason in line
        assert annotations.info['counts']['dropped_boxes'] == 1
        is_of_this_image = 'no image of' not in reason and 'is empty' not in reason
        assert annotations.images[0].labels.get('lost_findings', 0) == is_of_this_image
        assert annotations.is_annotated(annotations.images[0]) is not is_of_this_image

    def test_repeated_row_is_listed(self, release):
        release.add(label='cancer')
        release.add_box()
        release.add_box()
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert dropped(annotations) == ['BCS-DBT-boxes-train.csv line 3: repeats BCS-DBT-boxes-train.csv line 2']
        assert annotations.is_annotated(annotations.images[0])

    def test_boxes_of_suffixed_views_stay_with_their_volume(self, release):
        release.add(1, 'lcc', 'cancer')
        release.add(1, 'lcc2', 'cancer')
        release.add_box(1, 'lcc2')
        annotations = convert(release)
        owner = annotations.image(annotations.findings[0].image_id)
        assert (owner.view, owner.view_name) == ('L-CC', 'lcc2')

    def test_box_of_an_image_that_was_left_out_is_listed(self, release):
        release.add(1)
        release.add(2, label=None).unlink()
        release.add_box(2)
        assert dropped(convert(release))[-1].endswith('line 2: no image of DBT-P00002 DBT-S00002 lcc')


class TestTables:
    def test_unknown_column_is_listed(self, release):
        release.add()
        release.columns['labels'].append('Reader')
        release.rows['labels', 'train'][0].append('A')
        (line,) = dropped(convert(release))
        assert line == "BCS-DBT-labels-train.csv column 'Reader': unknown column, not used"

    def test_row_with_too_few_fields_is_listed(self, release):
        release.add(1)
        release.add_row('file-paths', 'train', ['DBT-P00002', 'DBT-S00002'])
        (line,) = dropped(convert(release))
        assert line == 'BCS-DBT-file-paths-train.csv line 3: has 2 fields, the header has 5'

    def test_missing_column_names_table_and_column(self, release):
        release.add()
        release.columns['labels'][-1] = 'Malignant'
        with pytest.raises(ConversionError, match=r'labels-train\.csv: misses the columns Cancer; it has Pat'):
            convert(release)

    def test_empty_table_names_itself(self, release):
        release.add()
        (release.write() / 'BCS-DBT-boxes-train.csv').write_text('')
        with pytest.raises(ConversionError, match=r'boxes-train\.csv: misses the columns .*no header at all'):
            convert_bcs_dbt(release.folder, show_progress=False)

    def test_table_that_is_no_text_names_itself(self, release):
        release.add()
        Image.new('L', (9, 9)).save(release.write() / 'BCS-DBT-labels-train.csv', format='PNG')
        with pytest.raises(ConversionError, match=r'labels-train\.csv: not a CSV table'):
            convert_bcs_dbt(release.folder, show_progress=False)

    def test_byte_order_mark_spaces_and_blank_lines_are_ignored(self, release):
        release.add(label='cancer')
        path = release.write() / 'BCS-DBT-labels-train.csv'
        path.write_text('\ufeff' + path.read_text().replace(',', ' , ') + '\n , , \n\n')
        annotations = convert_bcs_dbt(release.folder, show_progress=False)
        assert annotations.images[0].labels['malignant'] == 1 and annotations.info['dropped'] == []

    def test_folder_without_tables_says_what_is_expected(self, tmp_path):
        with pytest.raises(ConversionError, match='holds no table BCS-DBT-file-paths-'):
            convert_bcs_dbt(tmp_path)

    def test_missing_folder_is_named(self, tmp_path):
        with pytest.raises(ConversionError, match='nowhere is not a folder'):
            convert_bcs_dbt(tmp_path / 'nowhere')

    def test_two_versions_of_a_table_are_refused(self, release):
        release.add()
        release.write()
        release.write('-v2')
        with pytest.raises(ConversionError, match=r'several file-paths tables of split .train.: .*-v2\.csv'):
            convert_bcs_dbt(release.folder)

    def test_boxes_without_file_paths_are_refused(self, release):
        release.add()
        (release.write() / 'BCS-DBT-file-paths-train.csv').unlink()
        with pytest.raises(ConversionError, match="split 'train' has no table BCS-DBT-file-paths-train"):
            convert_bcs_dbt(release.folder)


class TestEmptySplits:
    def test_release_without_any_file_gives_the_first_reasons(self, release):
        for patient in range(5):
            release.add(patient, label=None).unlink()
        expected = r'no image is left to convert; left out:\n.*line 2: no file .*\n.*\n.*\n.*2 more'
        with pytest.raises(ConversionError, match=expected):
            convert(release)

    def test_split_that_was_asked_for_and_is_empty_is_an_error(self, release):
        release.add(1)
        release.add(2, split='validation', label=None).unlink()
        with pytest.raises(ConversionError, match="split 'validation' is empty; left out:"):
            convert(release, splits=['train', 'validation'])

    def test_table_without_rows_is_an_empty_split(self, release):
        release.add_box(split='test')
        with pytest.raises(ConversionError, match='BCS-DBT: no image is left to convert'):
            convert(release)

    def test_split_without_table_is_an_error_where_asked_for(self, release):
        release.add()
        with pytest.raises(ConversionError, match="split 'test' has no table BCS-DBT-file-paths-test"):
            convert(release, splits=['test'])

    def test_unknown_split_is_an_error(self, release):
        release.add()
        with pytest.raises(ConversionError, match=r"unknown split \['val'\]"):
            convert(release, splits=['val'])

    def test_partial_download_converts_what_is_there_and_lists_the_rest(self, release):
        release.add(1)
        release.add(2, split='test', label=None).unlink()
        annotations = convert(release)
        assert len(annotations.images) == 1 and len(annotations.info['dropped']) == 1


def test_several_processes_give_what_one_gives(release):
    for patient in range(64):
        release.add(patient, 'rcc', rotated=patient % 3 == 0)
    one, two = (convert(release, workers=workers) for workers in (1, 2))
    assert one == two and one.info['counts']['rotated_180'] == 22
