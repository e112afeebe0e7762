"""INbreast: rows, file names and outlines joined, and each quirk of the release met."""

from __future__ import annotations

import time

import pytest

from mammo_plugins.datasets.converters.conversion_report import ConversionError
from mammo_plugins.datasets.converters.inbreast import convert_inbreast
from mammo_plugins.datasets.phantom.releases.inbreast import write_inbreast
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.inbreast_release import HEADER, HEIGHT, SQUARE, WIDTH, InbreastRelease
from tests.datasets.converters.phantom_source import make_source
from tests.datasets.converters.report_lines import lines
from tests.datasets.converters.xls_builder import write_xls


@pytest.fixture
def release(tmp_path):
    return InbreastRelease(tmp_path / 'INbreast')


def convert(release, **options):
    annotations = convert_inbreast(release.write(), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    def test_record_holds_what_table_file_name_and_header_say(self, release):
        release.add(22678622, 'L', 'MLO', '5', '2', 'abc123', Manufacturer='SIEMENS', PixelSpacing=[0.07, 0.07])
        (image,) = convert(release).images
        assert (image.patient_id, image.study_uid, image.view) == ('abc123', '201001', 'L-MLO')
        assert (image.width, image.height, image.modality, image.spacing_mm) == (WIDTH, HEIGHT, 'FFDM', (0.07, 0.07))
        assert image.labels == {'malignant': 1, 'benign': 0, 'birads': '5', 'density': 'B'}
        assert image.manufacturer == 'SIEMENS'

    def test_ml_in_file_names_means_mlo(self, release):
        release.add(view='MLO', view_in_name='ML')
        assert convert(release).images[0].view == 'R-MLO'

    def test_patient_is_the_hash_of_the_file_name_as_the_table_says_removed(self, release):
        for number, patient in enumerate(['aaaa', 'bbbb', 'aaaa']):
            release.add(100 + number, view='CC' if number < 2 else 'MLO', patient=patient)
        assert [image.patient_id for image in convert(release).images] == ['aaaa', 'bbbb', 'aaaa']

    def test_no_patient_is_in_two_splits(self, release):
        for number in range(24):
            release.add(100 + number, view='MLO' if number % 2 else 'CC', patient=f'{number // 2:04x}')
        annotations = convert(release, split_shares=(0.5, 0.25, 0.25), seed=3)
        splits = {(image.patient_id, image.split) for image in annotations.images}
        assert len(splits) == 12 and {split for _, split in splits} == {'train', 'validation', 'test'}
        assert convert(release, split_shares=(0.5, 0.25, 0.25), seed=3).images == annotations.images

    def test_blank_acr_is_noted_and_the_image_kept(self, release):
        release.add(acr='')
        annotations = convert(release)
        assert 'density' not in annotations.images[0].labels
        assert annotations.info['counts']['images_without_density'] == 1
        assert lines(annotations, 'notes')[0].startswith('INbreast.csv line 2: no ACR density')

    def test_view_fb_is_kept_and_noted(self, release):
        release.add(view='FB', view_in_name='CC')
        annotations = convert(release)
        assert annotations.images[0].view == 'R-FB'
        assert lines(annotations, 'notes') == ['INbreast.csv line 2: View is FB, the file name says CC']

    @pytest.mark.parametrize(
        ('birads', 'malignant', 'benign'),
        [('1', 0, 0), ('2', 0, 1), ('3', 0, 1), ('4a', 1, 0), ('4b', 1, 0), ('4c', 1, 0), ('5', 1, 0), ('6 ', 1, 0)],
    )
    def test_birads_4a_to_6_is_malignant_by_default(self, release, birads, malignant, benign):
        release.add(birads=birads)
        labels = convert(release).images[0].labels
        assert (labels['malignant'], labels['benign'], labels['birads']) == (malignant, benign, birads.strip().upper())

    @pytest.mark.parametrize(
        ('threshold', 'expected'), [('4b', [0, 0, 1, 1, 1]), (5, [0, 0, 0, 0, 1]), ('3', [1] * 5), ('6', [0] * 5)]
    )
    def test_threshold_of_malignancy_can_be_moved_between_subcategories(self, release, threshold, expected):
        for number, birads in enumerate(('3', '4a', '4b', '4c', '5')):
            release.add(100 + number, patient=f'{number}', birads=birads)
        labels = [image.labels['malignant'] for image in convert(release, malignant_from=threshold).images]
        assert labels == expected

    def test_unknown_threshold_is_an_error(self, release):
        release.add()
        with pytest.raises(ValueError, match="BI-RADS '7' is none of"):
            convert(release, malignant_from=7)

    def test_repeated_view_of_one_exam_gets_a_name_of_its_own(self, release):
        release.add(100)
        release.add(200)
        release.add(300, date='201106')
        images = convert(release).images
        assert [(image.study_uid, image.view_name) for image in images] == [
            ('201001', 'rcc'), ('201001', 'rcc1'), ('201106', 'rcc'),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ('column', 'value', 'reason'),
        [
            (2, 'L', 'Laterality is L, the file name 200_bbbb_MG_R_CC_ANON.dcm says R'),
            (3, 'MLO', 'View is MLO, the file name 200_bbbb_MG_R_CC_ANON.dcm says CC'),
            (3, 'XX', "unknown view 'R-XX'"),
            (5, '999', 'no file AllDICOMs/999_*_ANON.dcm'),
            (5, '../../etc/passwd', "File Name '../../etc/passwd' is not a number"),
            (5, '1e400', "File Name '1e400' is not finite"),
            (5, '100', 'repeats INbreast.csv line 2'),
            (7, '7', "BI-RADS '7' is none of 0 to 6"),
            (7, '0', 'says neither benign nor malignant'),
            (7, '', 'Bi-Rads is empty'),
        ],
    )
    def test_row_that_cannot_be_used_is_listed_with_its_line(self, release, column, value, reason):
        release.add(100, patient='aaaa')
        release.add(200, patient='bbbb')
        release.rows[1][column] = value
        annotations = convert(release)
        assert len(annotations.images) == 1
        assert any(line.startswith('INbreast.csv line 3: ') and reason in line for line in lines(annotations))

    def test_image_without_row_is_listed(self, release):
        release.add(100)
        release.add(200, patient='bbbb')
        release.rows.pop()
        assert lines(convert(release)) == [
            'AllDICOMs/200_bbbb_MG_R_CC_ANON.dcm: no usable row in INbreast.csv'
        ]  # fmt: skip

    def test_broken_image_is_listed_with_its_reason(self, release):
        release.add(100)
        path = release.add(200, patient='bbbb')
        path.write_bytes(path.read_bytes()[:-500])
        assert lines(convert(release))[0].startswith('INbreast.csv line 3: 200_bbbb_MG_R_CC_ANON.dcm: truncated')

    @pytest.mark.parametrize('folder', ['AllDICOMs', 'AllXML'])
    def test_missing_folder_is_an_error_rather_than_images_without_findings(self, release, folder):
        release.add()
        (release.folder / folder).rename(release.folder / 'elsewhere')
        with pytest.raises(ConversionError, match=f'holds no folder {folder}'):
            convert(release)

    def test_missing_table_is_an_error(self, release):
        with pytest.raises(ConversionError, match=r'none of INbreast\.csv, INbreast\.xls'):
            convert_inbreast(release.folder)


class TestWorkbook:
    """INbreast.xls: numbers as floats, ``Mass `` with a trailing space, two rows of totals at the end."""

    def test_xls_is_read_like_the_csv(self, release):
        pytest.importorskip('xlrd')
        release.add(22678622, birads='4a', acr='')
        header = [*HEADER, 'Mass ', 'Micros']
        row = ['removed', 'removed', 'R', 'CC', 201001.0, 22678622.0, None, '4a', 'X', None]
        footer = [[None] * 8 + [107.0, 301.0], ['some note']]
        write_xls(release.folder / 'INbreast.xls', [header, row, *footer])
        annotations = convert_inbreast(release.folder, show_progress=False)
        (image,) = annotations.images
        assert (image.study_uid, image.labels['birads']) == ('201001', '4A')
        assert annotations.info['release'] == ['INbreast.xls']
        assert lines(annotations) == []
        assert annotations.info['counts']['footer_rows'] == 2

    def test_csv_is_preferred_as_it_needs_no_package(self, release):
        release.add()
        write_xls(release.folder / 'INbreast.xls', [['nothing']])
        assert convert(release).info['release'] == ['INbreast.csv']

    def test_broken_xls_is_an_error_that_names_it(self, release):
        pytest.importorskip('xlrd')
        (release.folder / 'INbreast.xls').write_bytes(b'not a workbook')
        with pytest.raises(ConversionError, match=r'INbreast\.xls: broken table'):
            convert_inbreast(release.folder)


class TestOutlines:
    def test_box_and_polygon_surround_the_outline_in_stored_pixels(self, release):
        release.add(birads='4b', rois=[('Mass', SQUARE)])
        annotations = convert(release)
        (finding,) = annotations.findings
        assert (finding.category, finding.bbox_xywh) == ('malignant', (4, 6, 10, 14))
        assert finding.segmentation == [[4, 6, 14, 6, 14, 20, 4, 20]]
        assert finding.attributes == {'type': 'mass', 'release_name': 'Mass', 'birads': '4B'}
        assert finding.lesion_id is None

    def test_findings_of_an_image_below_the_threshold_are_benign(self, release):
        release.add(birads='3', rois=[('Mass', SQUARE)])
        assert [finding.category for finding in convert(release).findings] == ['benign']

    @pytest.mark.parametrize(
        ('name', 'kind'),
        [
            ('Mass', 'mass'), ('Calcifications', 'calcification'), ('Cluster', 'calcification'),
            ('Spiculated Region', 'other'), ('Espiculated Region', 'other'), ('Spiculated region', 'other'),
            ('Assymetry', 'asymmetry'), ('Asymmetry', 'asymmetry'), ('Distortion', 'distortion'),
            ('Unnamed', 'other'), ('Point 3', 'other'), (' mass ', 'mass'),
        ],
    )  # fmt: skip
    def test_every_spelling_of_a_name_has_its_type(self, release, name, kind):
        release.add(rois=[(name, SQUARE)])
        (finding,) = convert(release).findings
        assert finding.attributes['type'] == kind and finding.attributes['release_name'] == name.strip()

    def test_single_calcifications_are_left_out_and_counted_unless_asked_for(self, release):
        release.add(rois=[('Calcification', SQUARE), ('Calcification', SQUARE[:1]), ('Cluster', SQUARE)])
        annotations = convert(release)
        assert [finding.attributes['release_name'] for finding in annotations.findings] == ['Cluster']
        assert annotations.info['counts']['single_calcifications_left_out'] == 2
        assert lines(annotations) == ['20586908.xml: 2 single calcifications: not asked for']
        names = [
            finding.attributes['release_name'] for finding in convert(release, single_calcifications=True).findings
        ]
        assert names == ['Calcification', 'Cluster']

    @pytest.mark.parametrize('points', [1, 2])
    def test_rois_of_one_or_two_points_are_marks_without_extent(self, release, points):
        release.add(rois=[('Unnamed', SQUARE[:points]), ('Mass', SQUARE)])
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert lines(annotations) == [
            f"20586908.xml: 1 marks 'Unnamed' of {points} points: a mark has no extent"
        ]  # fmt: skip
        assert annotations.info['counts']['point_marks_left_out'] == 1

    def test_malignant_image_without_xml_is_an_unannotated_positive(self, release):
        release.add(birads='5')
        annotations = convert(release)
        assert annotations.findings == [] and annotations.info['counts']['unannotated_positives'] == 1

    def test_normal_image_without_xml_stays_in(self, release):
        release.add(birads='1')
        assert len(convert(release).images) == 1

    def test_outline_over_the_border_is_clipped_and_noted(self, release):
        release.add(rois=[('Mass', [(-3.5, 5), (10, 5), (10, HEIGHT + 9), (-3.5, 12)])])
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (0, 5, 10, HEIGHT - 5)
        assert annotations.findings[0].segmentation == [[0, 5, 10, 5, 10, HEIGHT, 0, 12]]
        assert annotations.info['counts']['clipped_boxes'] == 1

    @pytest.mark.parametrize(
        ('points', 'reason'),
        [
            ([(100, 100), (110, 100), (110, 120)], 'lies outside the image'),
            ([(1, 1), (1, 5), (1, 9)], 'has no area'),
            ([(1, 1), (1, 5), ('1e999', 9)], 'is not a pair of numbers'),
            ([(1, 1), (1, 5), ('nan', 9)], 'is not a pair of numbers'),
            ([(1, 1), (1, 5), ('__import__', 9)], 'is not a pair of numbers'),
        ],
    )
    def test_outline_that_cannot_be_used_is_listed(self, release, points, reason):
        release.add(rois=[('Mass', SQUARE), ('Mass', points)])
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert lines(annotations)[0].startswith('20586908.xml ROI 2: ') and reason in lines(annotations)[0]

    def test_roi_with_fewer_points_than_announced_is_listed(self, release):
        release.add()
        path = release.outline(20586908, [('Mass', SQUARE)])
        path.write_text(path.read_text().replace('<integer>4<', '<integer>7<'))
        assert lines(convert(release)) == ['20586908.xml ROI 1: NumberOfPoints is 7, Point_px has 4']

    @pytest.mark.parametrize(
        ('old', 'reason'),
        [
            ('<string>Mass</string>', 'Name is a list, not a text'),
            ('<integer>4</integer>', 'NumberOfPoints is list, Point_px has 4'),
            ('<string>(4, 6)</string>', 'point of type list is not a pair of numbers'),
        ],
    )
    def test_value_of_thousands_of_levels_is_never_written_out(self, release, old, reason):
        release.add()
        path = release.outline(20586908, [('Mass', SQUARE)])
        path.write_text(path.read_text().replace(old, '<array>' * 5000 + '</array>' * 5000))
        (line,) = lines(convert(release))
        assert line.startswith(f'20586908.xml ROI 1: {reason}')

    def test_findings_in_birads_1_are_kept_and_noted(self, release):
        release.add(birads='1', rois=[('Mass', SQUARE)])
        assert lines(convert(release), 'notes') == ['20586908.xml: has findings, but its image is Bi-Rads 1']

    def test_outlines_without_image_are_listed(self, release):
        release.add()
        release.outline(999, [('Mass', SQUARE)])
        assert lines(convert(release)) == ['AllXML/999.xml: outlines of an image that is not there']


BILLION_LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE plist [<!ENTITY a "haha">%b]>
<plist version="1.0"><dict><key>Images</key><array><dict><key>ROIs</key><array><string>&z;</string></array></dict>
</array></dict></plist>""" % b''.join(
    b'<!ENTITY %c "%s">' % (letter, b'&%c;' % (letter - 1) * 10) for letter in b'bcdefghijklmnopqrstuvwxyz'
)


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (BILLION_LAUGHS, 'XML entity declarations are not supported'),
        (b'<plist><dict><key>Images</key><array/></dict></plist>', 'not a property list with Images[0].ROIs'),
        (b'<plist><array>', 'not a property list with Images[0].ROIs'),
        (b'bplist00' + bytes(40), 'not a property list with Images[0].ROIs'),
        (b'', 'not a property list with Images[0].ROIs'),
        (
            b'<plist><dict><key>Images</key><array><dict><key>ROIs</key><dict/></dict></array></dict></plist>',
            'Images[0].ROIs is a dict, not an array',
        ),
    ],
)
def test_hostile_or_broken_xml_is_refused_quickly_and_listed(release, content, reason):
    release.add()
    (release.folder / 'AllXML' / '20586908.xml').write_bytes(content)
    start = time.monotonic()
    annotations = convert(release)
    assert time.monotonic() - start < 5
    assert len(annotations.images) == 1 and annotations.findings == []
    assert lines(annotations)[0].startswith('20586908.xml: ') and reason in lines(annotations)[0]
    assert annotations.images[0].labels['lost_findings'] == 1


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    return make_source(tmp_path_factory.mktemp('phantoms') / 'source')


@pytest.fixture(scope='module')
def written(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('inbreast')
    write_inbreast(source.folder, folder, source.images, source.findings, seed=2)
    return folder


class TestPhantoms:
    def test_images_and_labels_come_back(self, source, written):
        annotations = convert_inbreast(written, show_progress=False)
        validate_annotations(annotations)
        assert len(annotations.images) == len(source.ffdm)
        assert len({image.patient_id for image in annotations.images}) == 6
        for image, row in zip(annotations.images, source.ffdm, strict=True):
            assert (image.width, image.height) == (row.width, row.height)
            assert image.labels['malignant'] == row.malignant and image.labels['birads'][0] in (row.birads, '6')
            assert image.labels.get('density', row.density) == row.density
            assert image.view.replace('-', '').lower() in (row.view, row.view[0] + 'fb')
            assert read_mammogram(annotations.resolve_path(image)).pixels.shape == (row.height, row.width)

    def test_boxes_come_back_within_a_pixel(self, source, written):
        annotations = convert_inbreast(written, show_progress=False)
        for image, row in zip(annotations.images, source.ffdm, strict=True):
            drawn = source.findings_of(row)
            found = [one for one in annotations.findings_of(image.id) if one.attributes['type'] != 'other']
            assert len(found) == len(drawn)
            for finding, true in zip(found, drawn, strict=True):
                assert finding.category == ('malignant' if row.malignant else 'benign')
                assert finding.attributes['type'] == true.type
                assert finding.bbox_xywh == pytest.approx((true.x, true.y, true.width, true.height), abs=1)

    def test_planted_quirks_are_counted(self, source, written):
        annotations = convert_inbreast(written, show_progress=False)
        counts = annotations.info['counts']
        assert counts['images_without_density'] == counts['unusual_views'] == 1
        assert {image.labels['birads'] for image in annotations.images} & {'4A', '4B', '4C', '6'}
        clusters = sum(row.type == 'calcification' for image in source.ffdm for row in source.findings_of(image))
        assert clusters and counts['single_calcifications_left_out'] == 4 * clusters
        assert counts['point_marks_left_out'] == sum(bool(source.findings_of(image)) for image in source.ffdm)
        names = {finding.attributes['release_name'] for finding in annotations.findings}
        assert names & {'Spiculated Region', 'Espiculated Region'}
        hidden = sum(row.malignant and not row.annotated for row in source.ffdm)
        assert counts['unannotated_positives'] == hidden == 2

    def test_one_seed_writes_the_same_files(self, source, written, tmp_path):
        write_inbreast(source.folder, tmp_path, source.images, source.findings, seed=2)
        names = sorted(path.relative_to(written) for path in written.rglob('*') if path.is_file())
        assert names == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob('*') if path.is_file())
        assert all((written / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)
