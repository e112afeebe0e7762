"""VinDr-Mammo: BI-RADS as labels, boxes clipped and counted, and no image opened."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from mammo_plugins.datasets.converters import ConversionError
from mammo_plugins.datasets.converters.vindr_mammo import convert_vindr_mammo
from mammo_plugins.datasets.phantom.releases.vindr_mammo import write_vindr_mammo
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.phantom_source import make_source
from tests.datasets.converters.report_lines import lines
from tests.datasets.converters.vindr_mammo_release import HEIGHT, WIDTH, VindrMammoRelease


@pytest.fixture
def release(tmp_path):
    return VindrMammoRelease(tmp_path)


def convert(release, **options):
    annotations = convert_vindr_mammo(release.write(), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    def test_record_holds_what_the_tables_say_without_opening_the_file(self, release):
        release.add('s1', 'R-MLO', birads=2, density='B')
        (image,) = convert(release).images
        assert (image.patient_id, image.study_uid, image.view, image.view_name) == ('s1', 's1', 'R-MLO', 'rmlo')
        assert (image.width, image.height, image.num_slices, image.modality) == (WIDTH, HEIGHT, 1, 'FFDM')
        assert image.file_name == 'images/s1/s1-R-MLO.dicom' and image.split == 'train'
        assert image.labels == {'malignant': 0, 'benign': 1, 'birads': '2', 'density': 'B'}

    def test_spacing_and_manufacturer_come_from_metadata_by_sop_instance_uid(self, release):
        release.add('s1')
        release.add('s2')
        release.metadata[1].update({'Manufacturer': 'Planmed', 'Imager Pixel Spacing': "['0.07', '0.07']"})
        first, second = convert(release).images
        assert (first.spacing_mm, first.manufacturer) == ((0.085, 0.085), 'SIEMENS')
        assert (second.spacing_mm, second.manufacturer) == ((0.07, 0.07), 'Planmed')

    def test_columns_of_metadata_that_nobody_needs_are_one_note(self, release):
        release.add()
        annotations = convert(release)
        assert annotations.info['dropped'] == []
        assert lines(annotations, 'notes') == ['metadata.csv: 2 of 5 columns are not used']

    def test_missing_metadata_leaves_spacing_unknown_and_says_so(self, release):
        release.add()
        release.metadata = None
        annotations = convert(release)
        assert annotations.images[0].spacing_mm is None and annotations.images[0].manufacturer == ''
        assert 'no metadata.csv: spacing and manufacturer are unknown' in lines(annotations, 'notes')[0]
        assert annotations.info['counts']['missing_tables'] == 1

    def test_image_without_metadata_is_noted(self, release):
        release.add('s1')
        release.add('s2')
        release.metadata.pop()
        annotations = convert(release)
        assert annotations.info['counts']['images_without_metadata'] == 1
        assert 'breast-level_annotations.csv line 3: no row of this image' in lines(annotations, 'notes')[1]

    def test_images_without_findings_are_kept(self, release):
        release.add_finding(release.add(), box=None, categories=['No Finding'], birads=None)
        annotations = convert(release)
        assert len(annotations.images) == 1 and annotations.findings == [] and annotations.info['dropped'] == []

    def test_repeated_view_gets_a_name_of_its_own(self, release):
        release.add()
        release.add(image_id='again')
        (release.folder / 'images/s1/again.dicom').write_bytes(b'')
        assert [image.view_name for image in convert(release).images] == ['lcc', 'lcc1']

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'height': 0}, 'width 160 and height 0 are no size of an image'),
            ({'width': 10**9, 'height': 10**9}, 'are no size of an image'),
            ({'width': 'wide'}, "width 'wide' is not a number"),
            ({'laterality': 'B'}, "unknown view 'B-CC'"),
            ({'breast_birads': 'BI-RADS 7'}, "BI-RADS 'BI-RADS 7' is none of"),
            ({'breast_birads': ''}, 'breast_birads is empty'),
            ({'breast_density': 'DENSITY E'}, "breast density 'DENSITY E' is none of"),
            ({'split': 'val'}, "split 'val' is none of training, test"),
            ({'image_id': 'gone'}, 'no file images/s1/gone.dicom'),
            ({'image_id': '../../../../etc/passwd'}, 'no file images/s1/../../../../etc/passwd.dicom'),
            ({'image_id': 'x' * 999}, 'no file images/s1/xxx'),
            ({'image_id': 's0-L-CC', 'study_id': 's0'}, 'repeats image s0-L-CC'),
        ],
    )
    def test_row_that_cannot_be_used_is_listed_with_its_line(self, release, changes, reason):
        release.add('s0')
        release.add('s1')
        release.images[1].update(changes)
        annotations = convert(release)
        assert len(annotations.images) == 1
        (line,) = lines(annotations)
        assert line.startswith('breast-level_annotations.csv line 3: ') and reason in line

    def test_absent_image_is_not_replaced_by_the_only_other_one_of_its_study(self, release):
        release.add('s1', 'L-CC')
        release.add('s1', 'L-MLO')
        (release.folder / 'images/s1/s1-L-MLO.dicom').unlink()
        annotations = convert(release)
        assert [image.view for image in annotations.images] == ['L-CC']
        assert lines(annotations) == ['breast-level_annotations.csv line 3: no file images/s1/s1-L-MLO.dicom']


class TestLabels:
    @pytest.mark.parametrize(
        ('birads', 'malignant', 'benign'), [(1, 0, 0), (2, 0, 1), (3, 0, 1), (4, 1, None), (5, 1, None)]
    )
    def test_breast_is_malignant_from_birads_4_on(self, release, birads, malignant, benign):
        release.add(birads=birads)
        labels = convert(release).images[0].labels
        assert (labels['malignant'], labels.get('benign'), labels['birads']) == (malignant, benign, str(birads))

    def test_malignant_from_moves_breasts_and_findings(self, release):
        release.add_finding(release.add(birads=3), birads=3)
        release.add_finding(release.add('s2', birads=4), birads=4)
        for malignant_from, expected in ((3, [1, 1]), (4, [0, 1]), (5, [0, 0])):
            annotations = convert(release, malignant_from=malignant_from)
            assert [image.labels['malignant'] for image in annotations.images] == expected
            assert [finding.category == 'malignant' for finding in annotations.findings] == list(map(bool, expected))

    @pytest.mark.parametrize('malignant_from', [1, 7])
    def test_impossible_category_is_refused(self, release, malignant_from):
        release.add()
        with pytest.raises(ConversionError, match=f'malignant_from {malignant_from} is no BI-RADS category'):
            convert(release, malignant_from=malignant_from)

    def test_malignant_breast_without_boxes_is_an_unannotated_positive(self, release):
        release.add(birads=5)
        assert convert(release).info['counts']['unannotated_positives'] == 1

    def test_finding_that_contradicts_its_breast_is_noted(self, release):
        release.add_finding(release.add(birads=2), birads=5)
        annotations = convert(release)
        assert annotations.info['counts']['contradicting_labels'] == 1 and len(annotations.findings) == 1

    def test_finding_of_another_view_than_its_image_is_noted(self, release):
        release.add_finding(release.add(view='L-CC', birads=5), birads=5, laterality='R')
        annotations = convert(release)
        assert annotations.info['counts']['findings_of_another_view'] == 1 and len(annotations.findings) == 1
        assert 'finding of R-CC in an image of L-CC' in [note['reason'] for note in annotations.info['notes']]


class TestFindings:
    @pytest.mark.parametrize(
        'changes', [{'xmin': 60, 'xmax': 10}, {'xmin': 'left'}, {'finding_birads': 'high'}, {'study_id': 's9'}]
    )
    def test_image_that_lost_a_finding_is_not_fully_annotated(self, release, changes):
        image, whole = release.add(birads=5), release.add(view='L-MLO', birads=5)
        for row in (image, whole):
            release.add_finding(row, birads=5)
        release.add_finding(image, box=(20, 30, 70, 99), birads=5).update(changes)
        release.add_finding(whole, birads=5)  # a repeat is no loss
        annotations = convert(release)
        assert len(annotations.findings) == len(annotations.info['dropped']) == 2
        assert [annotations.is_annotated(image) for image in annotations.images] == [False, True]
        assert annotations.info['counts']['images_with_lost_findings'] == 1

    @pytest.mark.parametrize('missing', ['nan', 'NaN', 'None', ''])
    def test_name_of_a_missing_value_is_an_empty_field(self, release, missing):
        image, empty = release.add(birads=5), release.add(view='L-MLO')
        release.add_finding(image, birads=None, finding_birads=missing)
        edges = dict.fromkeys(('xmin', 'ymin', 'xmax', 'ymax'), missing)
        release.add_finding(empty, box=None, categories=['No Finding'], birads=None, finding_birads=missing, **edges)
        annotations = convert(release)
        assert [finding.category for finding in annotations.findings] == ['other']
        assert annotations.info['dropped'] == []

    def test_box_is_turned_into_corner_and_size(self, release):
        release.add_finding(release.add(birads=4), box=(10.5, 20.25, 60.5, 90.25))
        (finding,) = convert(release).findings
        assert finding.bbox_xywh == (10.5, 20.25, 50, 70) and finding.category == 'malignant'
        assert finding.attributes == {'type': 'mass', 'release_name': 'Mass', 'birads': '4'}

    @pytest.mark.parametrize(
        ('categories', 'kind'),
        [
            (['Suspicious Calcification'], 'calcification'),
            (['Architectural Distortion'], 'distortion'),
            (['Global Asymmetry'], 'asymmetry'),
            (['Suspicious Lymph Node'], 'other'),
            (['Skin Thickening', 'Mass', 'Nipple Retraction'], 'mass'),
        ],
    )
    def test_categories_are_a_stringified_list_and_give_one_type(self, release, categories, kind):
        release.add_finding(release.add(birads=4), categories=categories)
        (finding,) = convert(release).findings
        assert finding.attributes['type'] == kind and finding.attributes['release_name'] == ', '.join(categories)

    def test_boxes_that_leave_the_image_are_clipped_and_counted(self, release):
        """42 of the 2,254 boxes of the release do."""
        image = release.add(birads=4)
        release.add_finding(image, box=(-3, 20, 60, 90))
        release.add_finding(image, box=(100, 150, WIDTH + 8, HEIGHT + 2))
        release.add_finding(image, box=(0, 0, WIDTH, HEIGHT))
        annotations = convert(release)
        assert [finding.bbox_xywh for finding in annotations.findings] == [
            (0, 20, 60, 70), (100, 150, 60, 50), (0, 0, WIDTH, HEIGHT),
        ]  # fmt: skip
        assert annotations.info['counts']['clipped_boxes'] == 2
        assert 'finding_annotations.csv line 2: box (-3.0, 20.0, 60.0, 90.0)' in lines(annotations, 'notes')[1]

    @pytest.mark.parametrize(
        ('categories', 'kind', 'notes'),
        [
            (['Suspicious Lymph Node'], 'other', 0), (['Skin Retraction', 'Nipple Retraction'], 'other', 0),
            (['Mass', 'Skin Thickening'], 'mass', 1),
        ],
    )  # fmt: skip
    def test_finding_without_birads_is_neither_malignant_nor_benign(self, release, categories, kind, notes):
        """125 findings of lymph nodes, skin and nipple have none in the release, 110 of them alone in their image."""
        release.add_finding(release.add(birads=2), categories=categories, birads=None, finding_birads='')
        annotations = convert(release)
        (finding,) = annotations.findings
        assert (finding.category, finding.attributes['type']) == ('other', kind)
        assert 'birads' not in finding.attributes
        assert annotations.info['dropped'] == []
        assert annotations.info['counts']['findings_without_birads'] == 1
        assert annotations.info['counts'].get('lesions_without_birads', 0) == notes

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'finding_categories': 'Mass'}, "finding_categories 'Mass' is no list of names"),
            ({'finding_categories': "__import__('os')"}, 'is no list of names'),
            ({'finding_categories': '[' * 500}, 'is no list of names'),
            ({'finding_categories': f'[{"1," * 600}]'}, 'is no list of names'),
            ({'finding_categories': "['No Finding']"}, "'No Finding' has a box"),
            ({'xmin': ''}, "xmin '' is not a number"),
            ({'xmin': 'inf'}, 'is not finite'),
            ({'xmax': 10}, 'has no area'),
            ({'xmin': 500, 'xmax': 600}, 'lies outside the image'),
            ({'image_id': 'gone'}, 'no image gone of study s1'),
            ({'study_id': 's9'}, 'no image s1-L-CC of study s9'),
        ],
    )
    def test_finding_that_cannot_be_used_is_listed_with_its_line(self, release, changes, reason):
        release.add_finding(release.add(birads=4), **changes)
        annotations = convert(release)
        (line,) = lines(annotations)
        assert line.startswith('finding_annotations.csv line 2: ') and reason in line
        assert annotations.findings == []

    def test_repeated_finding_counts_once(self, release):
        image = release.add(birads=4)
        release.add_finding(image)
        release.add_finding(image)
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert lines(annotations) == ['finding_annotations.csv line 3: repeats finding_annotations.csv line 2']


class TestSplits:
    def test_training_and_test_are_kept_without_a_validation_share(self, release):
        for number in range(10):
            release.add(f's{number}', split='training' if number < 8 else 'test')
        images = convert(release, validation_share=0).images
        assert [image.split for image in images] == ['train'] * 8 + ['test'] * 2

    def test_one_split_leaves_images_and_findings_of_the_other_out(self, release):
        release.add_finding(release.add('s1', birads=4))
        release.add_finding(release.add('s2', birads=4, split='test'))
        annotations = convert(release, splits=['test'])
        assert [image.study_uid for image in annotations.images] == ['s2'] and len(annotations.findings) == 1
        assert annotations.info['dropped'] == []

    def test_validation_is_a_share_of_the_training_studies_and_none_of_the_test(self, release):
        for number in range(20):
            for view in ('L-CC', 'R-CC'):
                release.add(f's{number}', view, split='test' if number < 5 else 'training')
        images = convert(release, validation_share=0.2).images
        by_study = {image.study_uid: {other.split for other in images if other.study_uid == image.study_uid}
                    for image in images}  # fmt: skip
        assert all(len(splits) == 1 for splits in by_study.values())
        assert sorted(split for (split,) in by_study.values()) == ['test'] * 5 + ['train'] * 12 + ['validation'] * 3
        assert all(by_study[f's{number}'] == {'test'} for number in range(5))

    def test_study_in_both_splits_does_not_leak(self, release):
        release.add('s1', 'L-CC', split='test')
        release.add('s1', 'R-CC', split='training')
        annotations = convert(release)
        assert [image.split for image in annotations.images] == ['test']
        assert "split is 'training', other images of study s1 are in the other one" in lines(annotations)[0]

    def test_split_that_was_asked_for_and_is_empty_is_an_error(self, release):
        release.add()
        with pytest.raises(ConversionError, match="split 'validation' is empty"):
            convert(release, splits=['train', 'validation'])

    @pytest.mark.parametrize(
        ('options', 'message'),
        [({'splits': ['val']}, r"unknown split \['val'\]"), ({'validation_share': 1.5}, 'validation_share 1.5 is not')],
    )
    def test_impossible_option_is_an_error(self, release, options, message):
        release.add()
        with pytest.raises(ConversionError, match=message):
            convert(release, **options)


def test_folder_without_tables_says_what_is_expected(tmp_path):
    with pytest.raises(ConversionError, match=r'holds no breast-level_annotations\.csv: give the folder of VinDr'):
        convert_vindr_mammo(tmp_path)


def test_table_that_lacks_a_column_names_it(release):
    release.add()
    path = release.write() / 'metadata.csv'
    path.write_text(path.read_text().replace('SOP Instance UID', 'UID'))
    with pytest.raises(ConversionError, match=r'metadata\.csv: misses the columns SOP Instance UID; it has UID'):
        convert_vindr_mammo(release.folder)


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    """The phantoms, and what becomes of them as a release."""
    source = make_source(tmp_path_factory.mktemp('phantoms'))
    folder = tmp_path_factory.mktemp('VinDr-Mammo')
    write_vindr_mammo(source.folder, folder, source.images, source.findings, seed=3)
    return source, convert_vindr_mammo(folder, validation_share=0, show_progress=False)


class TestRoundTrip:
    def test_every_ffdm_comes_back_with_its_labels(self, phantoms):
        source, annotations = phantoms
        validate_annotations(annotations)
        assert annotations.info['dropped'] == [] and len(annotations.images) == len(source.ffdm) > 0
        for image, row in zip(annotations.images, source.ffdm, strict=True):
            assert image.view_name == row.view and (image.width, image.height) == (row.width, row.height)
            assert image.split == {'validation': 'train'}.get(row.split, row.split)
            assert (image.labels['malignant'], image.labels['birads']) == (row.malignant, row.birads)
            assert image.labels['density'] == row.density and image.manufacturer == row.manufacturer
            assert image.spacing_mm is not None
        assert len({image.patient_id for image in annotations.images}) == 6

    def test_files_are_the_images_that_the_tables_describe(self, phantoms):
        _, annotations = phantoms
        header = read_mammogram(annotations.resolve_path(annotations.images[0])).header
        assert (header.columns, header.rows) == (annotations.images[0].width, annotations.images[0].height)
        assert header.spacing_mm == pytest.approx(annotations.images[0].spacing_mm)

    def test_boxes_come_back_but_for_the_one_that_was_moved_over_the_border(self, phantoms):
        source, annotations = phantoms
        expected = [finding for row in source.ffdm for finding in source.findings_of(row)]
        rated = [finding for finding in annotations.findings if finding.category != 'other']
        assert len(rated) == len(expected) == len(annotations.findings) - 1 > 0  # one has no BI-RADS
        moved = 0
        for finding, row in zip(rated, expected, strict=True):
            assert finding.category == row.malignancy and finding.attributes['type'] == row.type
            edges = np.array([row.x, row.y, row.x + row.width, row.y + row.height])
            x, y, width, height = finding.bbox_xywh
            differences = np.abs(edges - (x, y, x + width, y + height)) > 1
            moved += differences.any()
            assert differences.sum() <= 1
        assert annotations.info['counts']['clipped_boxes'] == 1 and moved <= 1

    def test_positives_without_boxes_stay_positives(self, phantoms):
        source, annotations = phantoms
        hidden = sum(row.malignant and not source.findings_of(row) for row in source.ffdm)
        assert annotations.info['counts']['unannotated_positives'] == hidden > 0

    def test_one_finding_has_two_categories(self, phantoms):
        _, annotations = phantoms
        several = [
            finding for finding in annotations.findings if 'Skin Thickening' in finding.attributes['release_name']
        ]
        assert len(several) == 1 and several[0].attributes['type'] != 'other'

    def test_seed_decides_the_release(self, phantoms, tmp_path):
        source, _ = phantoms
        texts = []
        for name, seed in (('a', 3), ('b', 3), ('c', 4)):
            (tmp_path / name).mkdir()
            write_vindr_mammo(source.folder, tmp_path / name, source.images, source.findings, seed=seed)
            texts.append((tmp_path / name / 'finding_annotations.csv').read_text())
        assert texts[0] == texts[1] != texts[2]
        with (tmp_path / 'a/finding_annotations.csv').open(newline='') as file:
            rows = list(csv.DictReader(file))
        assert {row['split'] for row in rows} == {'training', 'test'}
        assert all((row['finding_categories'] == "['No Finding']") == (row['xmin'] == '') for row in rows)
