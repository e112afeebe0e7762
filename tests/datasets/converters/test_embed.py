"""EMBED: clinical rows joined by exam and side, regions with y first, and nothing guessed about outcomes."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters import ConversionError
from mammo_plugins.datasets.converters.embed import convert_embed
from mammo_plugins.datasets.converters.embed.regions import mirror_regions, read_regions
from mammo_plugins.io import validate_annotations
from tests.datasets.converters.embed_release import ARCHIVE, HEIGHT, WIDTH, EmbedRelease, breast_at, header_only
from tests.datasets.converters.report_lines import lines
from tests.io.dicom_builder import dbt_volume, gradient, mammogram, stored_breast


@pytest.fixture
def release(tmp_path):
    return EmbedRelease(tmp_path)


def convert(release, **options):
    annotations = convert_embed(release.write(), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    def test_record_holds_what_the_tables_say_without_opening_the_file(self, release):
        release.add(1, 11, 'R-MLO')
        release.add_finding(11, 'R', 'N', desc='MG Screening Bilateral', tissueden='3.0')
        (image,) = convert(release).images
        assert (image.patient_id, image.study_uid, image.view, image.view_name) == ('1', '11', 'R-MLO', 'rmlo')
        assert (image.width, image.height, image.modality) == (WIDTH, HEIGHT, 'FFDM')
        assert (image.spacing_mm, image.manufacturer) == ((0.07, 0.07), 'HOLOGIC, Inc.')
        assert image.labels == {'malignant': 0, 'benign': 0, 'birads': '1', 'density': 'C', 'screening': 1}
        assert image.file_name == 'images/cohort_1/1/1.2.11/1.2.11.1/1.2.11.1.0.dcm'

    @pytest.mark.parametrize(('kind', 'modality'), [('2D', 'FFDM'), ('cview', 'SM'), ('C-view', 'SM')])
    def test_c_view_is_a_synthetic_mammogram(self, release, kind, modality):
        """The table writes cview, its documentation C-view."""
        release.add(kind=kind)
        assert convert(release).images[0].modality == modality

    @pytest.mark.parametrize('kind', ['3D', 'ROI_SSC', 'ROI_SS'])
    def test_volumes_and_screenshots_are_no_part_of_the_release(self, release, kind):
        release.add()
        release.add(kind=kind)
        (line,) = lines(convert(release))
        assert line.endswith(f"metadata.csv line 3: FinalImageType '{kind}' is neither 2D nor cview")

    def test_paths_of_the_archive_are_found_below_images(self, release):
        row = release.add()
        assert row['anon_dicom_path'].startswith(ARCHIVE)
        annotations = convert(release)
        assert annotations.resolve_path(annotations.images[0]).is_file()

    def test_special_views_are_left_out_unless_asked_for(self, release):
        """spot_mag is 1 for spot compression and magnification views, which show a part of the breast."""
        release.add()
        release.add(spot_mag='1.0')
        annotations = convert(release)
        assert len(annotations.images) == 1 and 'spot compression or magnification view' in lines(annotations)[0]
        assert [image.view_name for image in convert(release, special_views=True).images] == ['lcc', 'lcc1']

    def test_2d_and_c_view_of_one_view_keep_their_names(self, release):
        release.add()
        release.add(kind='cview')
        assert [(image.modality, image.view_name) for image in convert(release).images] == [
            ('FFDM', 'lcc'), ('SM', 'lcc'),
        ]  # fmt: skip

    def test_sizes_that_the_table_lacks_come_from_headers(self, release):
        """The reduced table has fewer columns."""
        release.add(Rows='', Columns='', dataset=header_only(), Manufacturer='', ImagerPixelSpacing='')
        (image,) = convert(release).images
        assert (image.width, image.height) == (WIDTH, HEIGHT) and image.manufacturer == 'HOLOGIC, Inc.'

    def test_view_that_the_table_lacks_comes_from_the_header_and_the_side_from_the_table(self, release):
        release.add(view='R-', dataset=header_only(ImageLaterality='L', ViewPosition='XCCL'))
        assert convert(release).images[0].view == 'R-XCCL'

    def test_image_without_any_view_is_listed(self, release):
        release.add()
        release.add(view='L-', dataset=header_only(ViewPosition=None))
        assert 'the table names no known view, and in the header: no projection' in lines(convert(release))[0]

    def test_volume_behind_a_2d_row_is_listed(self, release):
        release.add()
        release.add(Rows='', dataset=dbt_volume(gradient((3, HEIGHT, WIDTH))))
        assert 'has 3 slices, the table says FFDM' in lines(convert(release))[0]

    def test_spacing_at_the_detector_is_divided_by_the_magnification(self, release):
        release.add(EstimatedRadiographicMagnificationFactor='1.4')
        release.add(exam=12, PixelSpacing='[0.1, 0.1]')
        first, second = convert(release).images
        assert first.spacing_mm == pytest.approx((0.05, 0.05)) and second.spacing_mm == (0.1, 0.1)

    def test_ids_written_as_floats_are_the_same(self, release):
        release.add(exam='11.0')
        release.add_finding(11, 'L', 'B')
        assert convert(release).images[0].labels['birads'] == '2'

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'ImageLateralityFinal': ''}, 'ImageLateralityFinal is empty'),
            ({'ImageLateralityFinal': 'B'}, "ImageLateralityFinal 'B' is neither L nor R"),
            ({'Rows': -5}, 'Columns 40 and Rows -5 are no size of an image'),
            ({'spot_mag': 'x'}, "spot_mag 'x' is not a number"),
            ({'num_roi': 'x'}, "num_roi 'x' is not a number"),
            ({'empi_anon': ''}, 'empi_anon is empty'),
            ({'anon_dicom_path': f'{ARCHIVE}/gone.dcm'}, f'no file {ARCHIVE}/gone.dcm'),
            ({'anon_dicom_path': '../../etc/passwd'}, 'no file ../../etc/passwd'),
            ({'anon_dicom_path': '/etc/passwd'}, 'no file /etc/passwd'),
        ],
    )
    def test_row_that_cannot_be_used_is_listed_with_its_line(self, release, changes, reason):
        release.add()
        release.add(**changes)
        annotations = convert(release)
        (line,) = lines(annotations)
        assert line.startswith('EMBED_OpenData_metadata.csv line 3: ') and reason in line
        assert len(annotations.images) == 1

    def test_repeated_file_is_listed(self, release):
        release.add()
        release.metadata.append(dict(release.metadata[0]))
        assert 'repeats EMBED_OpenData_metadata.csv line 2' in lines(convert(release))[0]


class TestBreastLabels:
    def labels(self, release, *rows, view='L-CC', **options):
        release.add(view=view)
        for row in rows:
            release.add_finding(**row)
        return convert(release, **options).images[0].labels

    @pytest.mark.parametrize('severity', [0, 1])
    def test_path_severity_0_and_1_are_cancer(self, release, severity):
        labels = self.labels(release, dict(asses='A', path_severity=severity))
        assert labels['malignant'] == 1 and labels['path_severity'] == severity

    @pytest.mark.parametrize('severity', [2, 3, 4, 5])
    def test_path_severity_2_to_5_is_no_cancer(self, release, severity):
        labels = self.labels(release, dict(asses='S', path_severity=f'{severity}.0'))
        assert (labels['malignant'], labels['benign'], labels['birads']) == (0, 1, '4')

    def test_cancer_of_another_organ_is_neither(self, release):
        assert 'malignant' not in self.labels(release, dict(asses='S', path_severity=6), unproven_as_benign=True)

    @pytest.mark.parametrize(
        ('letter', 'birads', 'malignant'),
        [('A', '0', None), ('N', '1', 0), ('B', '2', 0), ('P', '3', 0), ('S', '4', None), ('M', '5', None),
         ('K', '6', 1)],
    )  # fmt: skip
    def test_letters_are_birads_categories_and_tell_the_outcome_where_they_can(
        self, release, letter, birads, malignant
    ):
        labels = self.labels(release, dict(asses=letter))
        assert (labels['birads'], labels.get('malignant')) == (birads, malignant)

    @pytest.mark.parametrize('letter', ['A', 'S', 'M'])
    def test_unproven_as_benign_counts_them_as_negative(self, release, letter):
        assert self.labels(release, dict(asses=letter), unproven_as_benign=True)['malignant'] == 0

    def test_known_cancer_of_both_sides_does_not_say_of_which(self, release):
        assert 'malignant' not in self.labels(release, dict(side='B', asses='K'), unproven_as_benign=True)

    def test_letter_that_is_no_assessment_is_noted_and_leaves_the_outcome_open(self, release):
        release.add()
        release.add_finding(asses='X')
        annotations = convert(release)
        assert 'malignant' not in annotations.images[0].labels
        assert annotations.info['counts']['unknown_assessments'] == 1

    def test_findings_of_the_other_breast_do_not_count(self, release):
        """Merging by the exam alone would make both breasts malignant."""
        labels = self.labels(
            release, dict(side='R', asses='S', path_severity=0), dict(side='L', asses='N'), view='L-CC'
        )
        assert labels['malignant'] == 0

    @pytest.mark.parametrize('side', ['B', ''])
    @pytest.mark.parametrize('view', ['L-CC', 'R-CC'])
    def test_side_b_and_empty_side_stand_for_both_breasts(self, release, side, view):
        assert self.labels(release, dict(side=side, asses='B'), view=view)['birads'] == '2'

    @pytest.mark.parametrize(('view', 'malignant'), [('L-CC', 1), ('R-CC', None)])
    def test_pathology_of_a_bilateral_finding_is_of_its_own_side(self, release, view, malignant):
        labels = self.labels(release, dict(side='B', asses='S', path_severity=0, bside='L'), view=view)
        assert labels.get('malignant') == malignant

    def test_pathology_of_the_other_side_than_the_finding_is_noted(self, release):
        release.add(view='R-CC')
        release.add_finding(side='L', asses='S', path_severity=0, bside='R')
        annotations = convert(release)
        assert annotations.images[0].labels['malignant'] == 1
        assert annotations.info['counts']['contradicting_sides'] == 1

    def test_breast_without_a_row_is_negative_in_an_exam_of_both(self, release):
        assert self.labels(release, dict(side='R', asses='A'), view='L-CC')['malignant'] == 0

    def test_breast_without_a_row_is_unknown_in_an_exam_of_the_other(self, release):
        row = dict(side='R', asses='A', desc='MG Diagnostic Right')
        assert 'malignant' not in self.labels(release, row, view='L-CC')

    def test_most_suspicious_assessment_and_most_severe_pathology_count(self, release):
        rows = [dict(asses='B'), dict(asses='S', path_severity=4), dict(asses='P', path_severity=1)]
        labels = self.labels(release, *rows)
        assert (labels['malignant'], labels['birads'], labels['path_severity']) == (1, '4', 1)

    @pytest.mark.parametrize(('code', 'density'), [('1', 'A'), ('4.0', 'D'), ('', None), ('5.0', None)])
    def test_tissue_density_is_1_to_4_and_5_is_a_male_breast(self, release, code, density):
        assert self.labels(release, dict(tissueden=code)).get('density') == density

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'path_severity': 9}, 'path_severity 9 is outside 0 to 6'),
            ({'side': 'X'}, "side 'X' is none of L, R, B and empty"),
            ({'acc_anon': ''}, 'acc_anon is empty'),
        ],
    )
    def test_unusable_row_leaves_the_whole_exam_unlabelled(self, release, changes, reason):
        """It may be the row with the cancer."""
        release.add()
        release.add_finding(asses='N')
        release.add_finding(**changes)
        annotations = convert(release)
        assert reason in lines(annotations)[0]
        assert ('malignant' in annotations.images[0].labels) == ('acc_anon' in changes)


class TestOutcomesAndSplits:
    def test_image_of_unknown_outcome_is_in_no_split(self, release):
        release.add(1, 11)
        release.add(2, 21)
        release.add_finding(11, asses='A')
        release.add_finding(21, asses='N')
        annotations = convert(release)
        assert [image.split is None for image in annotations.images] == [True, False]
        assert annotations.info['counts']['images_of_unknown_outcome'] == 1
        assert convert(release, unproven_as_benign=True).images[0].split is not None

    def test_exam_without_clinical_row_is_noted_and_in_no_split(self, release):
        release.add(1, 11)
        annotations = convert(release)
        assert annotations.images[0].split is None and annotations.images[0].labels == {}
        assert 'no row of this exam in the clinical table' in lines(annotations, 'notes')[-1]

    def test_exams_of_a_patient_share_a_split(self, release):
        for patient in range(1, 11):
            for exam in (10 * patient, 10 * patient + 1):
                release.add(patient, exam)
                release.add_finding(exam, asses='N')
        images = convert(release, split_shares=(0.5, 0.2, 0.3)).images
        by_patient = {image.patient_id: {other.split for other in images if other.patient_id == image.patient_id}
                      for image in images}  # fmt: skip
        assert sorted(split for (split,) in by_patient.values()) == ['test'] * 3 + ['train'] * 5 + ['validation'] * 2


class TestRegions:
    def test_order_is_ymin_xmin_ymax_xmax(self, release):
        release.add(regions=[(5, 2, 15, 22)])
        release.add_finding(asses='S', path_severity=0, massshape='X')
        (finding,) = convert(release).findings
        assert finding.bbox_xywh == (2, 5, 20, 10) and finding.category == 'malignant'
        assert finding.attributes == {
            'type': 'mass', 'release_name': 'irregular', 'birads': '4', 'proven': 1, 'match_level': 1,
        }  # fmt: skip

    @pytest.mark.parametrize('view', ['L-CC', 'R-CC'])
    @pytest.mark.parametrize(('chest_wall', 'left'), [('left', 2), ('right', WIDTH - 22)])
    def test_regions_are_mirrored_where_the_pixels_have_the_chest_wall_right(self, release, view, chest_wall, left):
        """ROI_coords are drawn on PNG files whose chest wall is left; the side of the breast does not tell."""
        release.add(view=view, regions=[(5, 2, 15, 22)], dataset=breast_at(chest_wall))
        release.add_finding(side=view[0], asses='S', path_severity=0)
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (left, 5, 20, 10)
        assert annotations.info['counts'].get('images_with_mirrored_regions', 0) == (chest_wall == 'right')

    @pytest.mark.parametrize('side', ['L', 'R'])
    @pytest.mark.parametrize(('bright', 'value'), [(False, 0), (True, 4095)], ids=['blank', 'bright'])
    def test_one_column_at_the_edge_does_not_mirror_regions(self, release, side, bright, value):
        pixels = stored_breast(side)
        near, far = (0, -1) if side == 'L' else (-1, 0)
        pixels[:, far if bright else near] = value
        pixels[0, far] = 1  # else both edges are alike without the chest wall's
        height, width = pixels.shape
        release.add(regions=[(5, 2, 15, 22)], dataset=mammogram(pixels), Rows=height, Columns=width)
        release.add_finding(asses='S', path_severity=0)
        (finding,) = convert(release).findings
        assert finding.bbox_xywh == (2 if side == 'L' else width - 22, 5, 20, 10)

    def test_published_example_is_mirrored_in_its_width(self):
        """R CC of 2560 columns: x 1560 to 1738 in the DICOM file."""
        (region,) = mirror_regions(read_regions('((1165, 822, 1294, 1000),)'), 2560)
        assert region.box_xywh == (1560, 1165, 178, 129)

    def test_regions_of_the_dicom_file_count_where_the_table_has_them(self, release):
        release.add(
            regions=[(5, 2, 15, 22)], dataset=breast_at('right'), DCM_ROI_coords='((5, 3, 15, 23),)',
            PNG_ROI_coords='((5, 17, 15, 37),)', ROI_match_level='[2]', match_level='',
        )  # fmt: skip
        release.add_finding(asses='S', path_severity=0)
        (finding,) = convert(release).findings
        assert finding.bbox_xywh == (3, 5, 20, 10)
        assert finding.attributes['match_level'] == 2

    def test_marked_image_whose_pixels_cannot_be_read_is_listed(self, release):
        release.add()
        release.add(regions=[(5, 2, 15, 22)], dataset=breast_at('left', NumberOfFrames=2))
        release.add_finding(asses='S', path_severity=0)
        annotations = convert(release)
        assert len(annotations.images) == 1
        (line,) = lines(annotations)
        assert 'cohort_1' in line and 'frames' in line

    @pytest.mark.parametrize(
        ('text', 'count'),
        [
            ('()', 0),
            ('', 0),
            ('((5, 2, 15, 22),)', 1),
            ('[[5, 2, 15, 22], [1, 1, 9, 9]]', 2),
            ('(([5, 2, 15, 22], [1, 1, 9, 9]), (2, 2, 8, 8))', 3),
        ],
    )
    def test_regions_are_nested_in_several_ways(self, release, text, count):
        release.add(ROI_coords=text, num_roi=count)
        release.add_finding(asses='S', path_severity=4)
        annotations = convert(release)
        assert len(annotations.findings) == count and annotations.info['dropped'] == []

    def test_regions_count_where_num_roi_is_above_0_alone(self, release):
        release.add(ROI_coords='((5, 2, 15, 22),)', num_roi=0)
        release.add_finding(asses='S', path_severity=0)
        annotations = convert(release)
        assert annotations.findings == [] and annotations.info['counts']['regions_not_announced'] == 1
        assert annotations.info['counts']['unannotated_positives'] == 1

    def test_match_levels_go_with_their_regions(self, release):
        release.add(regions=[(5, 2, 15, 22), (1, 1, 9, 9)], match_level='[2, 1]')
        release.add(exam=12, regions=[(5, 2, 15, 22)], match_level='')
        release.add_finding(11, asses='S', path_severity=0)
        release.add_finding(12, asses='S', path_severity=0)
        assert [finding.attributes.get('match_level') for finding in convert(release).findings] == [2, 1, None]

    def test_region_of_unknown_outcome_is_not_called_benign(self, release):
        release.add(regions=[(5, 2, 15, 22)])
        release.add_finding(asses='A')
        annotations = convert(release)
        assert annotations.findings == []
        assert 'line 2 region 1: region whose outcome is unknown: BI-RADS 0' in lines(annotations)[0]
        (finding,) = convert(release, unproven_as_benign=True).findings
        assert (finding.category, finding.attributes['proven']) == ('benign', 0)

    def test_region_among_malignant_and_benign_findings_is_dropped_and_the_breast_stays_malignant(self, release):
        release.add(regions=[(5, 2, 15, 22)])
        release.add_finding(asses='S', path_severity=0)
        release.add_finding(asses='S', path_severity=4)
        annotations = convert(release)
        assert annotations.findings == [] and annotations.info['counts']['unannotated_positives'] == 1
        assert 'malignant and benign findings' in lines(annotations)[0]

    def test_several_findings_of_one_outcome_do_not_need_to_be_told_apart(self, release):
        release.add(regions=[(5, 2, 15, 22), (20, 2, 30, 22)])
        release.add_finding(asses='S', path_severity=0, massshape='A')
        release.add_finding(asses='M', path_severity=1, calcfind='A')
        findings = convert(release).findings
        assert [finding.category for finding in findings] == ['malignant'] * 2
        assert 'type' not in findings[0].attributes and 'birads' not in findings[0].attributes

    def test_negative_row_of_the_breast_does_not_make_a_region_ambiguous(self, release):
        release.add(regions=[(5, 2, 15, 22)])
        release.add_finding(asses='S', path_severity=0)
        release.add_finding(side='', asses='N')
        assert [finding.category for finding in convert(release).findings] == ['malignant']

    def test_region_in_a_negative_breast_is_listed(self, release):
        release.add(regions=[(5, 2, 15, 22)])
        release.add_finding(asses='N')
        assert 'region in a breast without a finding' in lines(convert(release))[0]

    @pytest.mark.parametrize(
        ('descriptors', 'kind'),
        [
            ({'massshape': 'Q'}, 'distortion'),
            ({'massshape': 'F', 'calcfind': 'A'}, 'asymmetry'),
            ({'massshape': 'N'}, 'other'),
            ({'massmargin': 'S'}, 'mass'),
            ({'calcdistri': 'G'}, 'calcification'),
            ({}, None),
        ],
    )
    def test_type_comes_from_the_descriptors(self, release, descriptors, kind):
        release.add(regions=[(5, 2, 15, 22)])
        release.add_finding(asses='S', path_severity=0, **descriptors)
        assert convert(release).findings[0].attributes.get('type') == kind

    def test_region_over_the_border_is_clipped_and_noted(self, release):
        release.add(regions=[(5, 20, 15, WIDTH + 4)])
        release.add_finding(asses='S', path_severity=0)
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (20, 5, 20, 10)
        assert annotations.info['counts']['clipped_boxes'] == 1

    @pytest.mark.parametrize(
        ('text', 'reason'),
        [
            ('((5, 2, 15),)', 'holds something else than ymin, xmin, ymax, xmax'),
            ('5, 2, 15, 22, 7', 'holds something else than'),
            ('broken', "ROI_coords 'broken' is no list of lists"),
            ("__import__('os')", 'is no list of lists'),
            ("(('a', 2, 3, 4),)", "'a' is neither a list nor a number"),
            ('((0, 0, 1e999, 5),)', 'a number is beyond any image'),
            ('(' * 5000, 'is no list of lists'),
            ('((15, 2, 5, 22),)', 'has no area'),
            ('((500, 2, 600, 22),)', 'lies outside the image'),
            ('((5, 2, 15, 22), (5, 2, 15, 22))', 'region 2: repeats another region of the image'),
        ],
    )
    def test_region_that_cannot_be_used_is_listed(self, release, text, reason):
        release.add(ROI_coords=text, num_roi=1)
        release.add_finding(asses='S', path_severity=0)
        annotations = convert(release)
        (line,) = lines(annotations)
        assert line.startswith('EMBED_OpenData_metadata.csv line 2') and reason in line
        assert len(annotations.findings) == ('repeats' in reason)
        # A repeat is no loss.
        assert annotations.is_annotated(annotations.images[0]) == ('repeats' in reason)
        assert annotations.images[0].labels.get('lost_findings', 0) == ('repeats' not in reason)

    @pytest.mark.parametrize('missing', ['nan', 'NaN', '<NA>'])
    def test_name_of_a_missing_value_is_an_empty_field(self, release, missing):
        release.add(ROI_coords=missing, num_roi=missing, match_level=missing)
        release.add_finding(asses='N', path_severity=missing, massshape=missing)
        annotations = convert(release)
        assert annotations.info['dropped'] == [] and annotations.images[0].labels['malignant'] == 0


class TestTables:
    def test_reduced_tables_are_read_where_the_full_ones_are_absent(self, release):
        release.add()
        release.add_finding()
        annotations = convert_embed(release.write('_reduced', folder='.'), show_progress=False)
        assert annotations.info['release'] == [
            'EMBED_OpenData_clinical_reduced.csv', 'EMBED_OpenData_metadata_reduced.csv',
        ]  # fmt: skip

    def test_columns_in_other_letters_are_found_and_unused_ones_are_one_note(self, release):
        release.add()
        release.add_finding()
        path = release.write() / 'tables/EMBED_OpenData_metadata.csv'
        path.write_text(path.read_text().replace('num_roi', 'num_ROI'))
        annotations = convert_embed(release.folder, show_progress=False)
        assert annotations.info['dropped'] == []
        assert 'EMBED_OpenData_metadata.csv: 2 of 23 columns are not used' in lines(annotations, 'notes')

    def test_row_with_too_few_fields_is_listed(self, release):
        release.add()
        path = release.write() / 'tables/EMBED_OpenData_metadata.csv'
        path.write_text(path.read_text() + 'a,b\n')
        annotations = convert_embed(release.folder, show_progress=False)
        assert lines(annotations) == ['EMBED_OpenData_metadata.csv line 3: has 2 fields, the header has 23']

    def test_table_that_lacks_a_column_names_it(self, release):
        release.add()
        path = release.write() / 'tables/EMBED_OpenData_clinical.csv'
        path.write_text(path.read_text().replace('asses', 'other'))
        with pytest.raises(ConversionError, match=r'clinical\.csv: misses the columns asses; it has empi_anon'):
            convert_embed(release.folder)

    def test_folder_without_tables_says_what_is_expected(self, tmp_path):
        with pytest.raises(ConversionError, match=r'holds neither EMBED_OpenData_metadata\.csv nor'):
            convert_embed(tmp_path)

    def test_impossible_shares_are_an_error(self, release):
        release.add()
        with pytest.raises(ConversionError, match='are not three numbers that sum to 1'):
            convert(release, split_shares=(1, 1, 1))
