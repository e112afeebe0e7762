"""CBIS-DDSM: boxes from masks, one image a film, no patient in two splits, and nothing lost without a line."""

from __future__ import annotations

import shutil
from collections import defaultdict

import pytest

from mammo_plugins.datasets.converters.cbis_ddsm import convert_cbis_ddsm
from mammo_plugins.datasets.converters.conversion_report import ConversionError
from mammo_plugins.io import read_mammogram
from mammo_plugins.io.dicom_modality import MG_FOR_PRESENTATION
from tests.datasets.converters.cbis_ddsm_release import HEIGHT, WIDTH, CbisDdsmRelease, convert, film
from tests.datasets.converters.report_lines import dropped, notes
from tests.io.dicom_builder import gradient, save


@pytest.fixture
def release(tmp_path):
    return CbisDdsmRelease(tmp_path / 'CBIS-DDSM')


class TestImages:
    def test_record_holds_what_the_table_says(self, release):
        row = release.add(7, 'RIGHT', 'MLO', split='test')
        annotations = convert(release)
        (image,) = annotations.images
        assert (image.patient_id, image.view, image.view_name, image.split) == ('P_00007', 'R-MLO', 'rmlo', 'test')
        assert (image.width, image.height, image.num_slices, image.modality) == (WIDTH, HEIGHT, 1, 'FFDM')
        assert image.labels == {'malignant': 1, 'benign': 0, 'birads': '4', 'density': 'C'}
        assert annotations.resolve_path(image) == release.path_of(row) / '1-1.dcm'
        assert read_mammogram(annotations.resolve_path(image)).pixels.shape == (HEIGHT, WIDTH)

    def test_spacing_is_unknown_because_no_header_says_which_scanner_it_was(self, release):
        release.add()
        assert convert(release).images[0].spacing_mm is None

    def test_views_of_a_breast_share_their_study_although_each_film_has_a_study_uid_of_its_own(self, release):
        release.add(view='CC')
        release.add(view='MLO')
        first, second = convert(release).images
        assert first.breast_id == second.breast_id == ('P_00001', 'P_00001', 'L')

    @pytest.mark.parametrize(
        ('pathologies', 'malignant', 'benign'),
        [
            (['BENIGN'], 0, 1),
            (['BENIGN_WITHOUT_CALLBACK'], 0, 1),
            (['MALIGNANT'], 1, 0),
            (['MALIGNANT', 'BENIGN'], 1, 1),
        ],
    )
    def test_labels_come_from_the_findings(self, release, pathologies, malignant, benign):
        for number, pathology in enumerate(pathologies, start=1):
            release.add(number=number, pathology=pathology)
        annotations = convert(release)
        (image,) = annotations.images
        assert (image.labels['malignant'], image.labels['benign']) == (malignant, benign)
        assert [finding.attributes['pathology'] for finding in annotations.findings] == pathologies

    def test_highest_assessment_counts_and_zero_is_the_lowest(self, release):
        release.add(number=1, assessment='0')
        release.add(number=2, assessment='2')
        annotations = convert(release)
        assert annotations.images[0].labels['birads'] == '2'
        assert [finding.attributes['birads'] for finding in annotations.findings] == ['0', '2']

    @pytest.mark.parametrize('kind', ['mass', 'calc'])
    def test_density_stands_in_breast_density_of_masses_and_breast_density_with_a_space_of_calcifications(
        self, release, kind
    ):
        release.add(kind=kind, breast_density='2')
        annotations = convert(release)
        assert annotations.images[0].labels['density'] == 'B' and annotations.info['dropped'] == []

    def test_density_0_is_unknown(self, release):
        release.add(kind='calc', breast_density='0')
        annotations = convert(release)
        assert annotations.images[0].labels['density'] is None
        assert "breast density '0' is outside 1 to 4: unknown" in notes(annotations)[0]

    @pytest.mark.parametrize(
        ('elements', 'reason'),
        [
            ({'Modality': 'US'}, '1-1.dcm: a Secondary Capture of modality US, not a mammogram'),
            (
                {'SOPClassUID': MG_FOR_PRESENTATION, 'SeriesDescription': 'C-View'},
                '1-1.dcm: is an image of modality SM, not a film',
            ),
        ],
    )
    def test_file_that_is_no_film_is_listed_with_its_findings(self, release, elements, reason):
        release.add(1)
        row = release.add(2)
        dataset = film(gradient((HEIGHT, WIDTH), 16), 'x', 'full mammogram images')
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        save(dataset, release.path_of(row) / '1-1.dcm')
        annotations = convert(release)
        assert reason in dropped(annotations)[0] and 'no image Mass-Training_P_00002' in dropped(annotations)[1]
        assert annotations.info['counts']['dropped_findings'] == 1


class TestSameFilm:
    """71 views are in a table of masses and in one of calcifications, as two series of one film."""

    def test_film_of_both_kinds_is_one_image_with_all_findings(self, release):
        release.add(kind='mass', number=1)
        release.add(kind='calc', number=2, pathology='BENIGN', box=(9, 9, 3, 3))
        annotations = convert(release)
        (image,) = annotations.images
        assert image.file_name.startswith('Mass-Training') and image.labels['benign'] == 1
        assert [finding.bbox_xywh for finding in annotations.findings] == [(4, 6, 5, 7), (9, 9, 3, 3)]
        assert 'is the same film as Mass-Training_P_00001_LEFT_CC/' in notes(annotations)[0]
        assert annotations.info['counts']['films_in_both_kinds'] == 1

    def test_film_of_another_size_is_a_repeat_of_the_view(self, release):
        release.add(kind='mass')
        release.add(kind='calc', size=(HEIGHT, WIDTH + 3))
        annotations = convert(release)
        assert [image.view_name for image in annotations.images] == ['lcc', 'lcc1']
        assert [finding.image_id for finding in annotations.findings] == [1, 2]
        assert annotations.info['counts']['films_of_other_size'] == 1

    def test_findings_of_a_copy_that_was_not_downloaded_go_to_the_other_copy(self, release):
        release.add(kind='mass', number=1)
        shutil.rmtree(release.path_of(release.add(kind='calc', number=2)))
        annotations = convert(release)
        assert [finding.image_id for finding in annotations.findings] == [1, 1]
        assert 'finding given to Mass-Training_P_00001_LEFT_CC' in notes(annotations)[0]
        assert annotations.info['counts']['dropped_images'] == 1


class TestFindings:
    @pytest.mark.parametrize(
        ('shape', 'expected'),
        [
            ('IRREGULAR', 'mass'),
            ('ARCHITECTURAL_DISTORTION', 'distortion'),
            ('IRREGULAR-ARCHITECTURAL_DISTORTION', 'mass'),
            ('FOCAL_ASYMMETRIC_DENSITY', 'asymmetry'),
            ('ASYMMETRIC_BREAST_TISSUE', 'asymmetry'),
            ('LYMPH_NODE', 'other'),
            ('OVAL-LYMPH_NODE', 'mass'),
            ('N/A', 'mass'),
        ],
    )
    def test_type_of_a_mass_depends_on_its_shape(self, release, shape, expected):
        release.add(**{'mass shape': shape})
        attributes = convert(release).findings[0].attributes
        assert attributes['type'] == expected and attributes['release_name'] == 'mass'
        assert attributes.get('mass_shape') == (None if shape == 'N/A' else shape)

    def test_attributes_of_a_calcification(self, release):
        release.add(kind='calc', pathology='BENIGN_WITHOUT_CALLBACK', subtlety='5')
        (finding,) = convert(release).findings
        assert finding.category == 'benign'
        assert finding.attributes == {
            'type': 'calcification', 'release_name': 'calcification', 'pathology': 'BENIGN_WITHOUT_CALLBACK',
            'birads': '4', 'calc_type': 'PLEOMORPHIC', 'calc_distribution': 'CLUSTERED', 'subtlety': 5,
        }  # fmt: skip

    def test_subtlety_0_is_unknown(self, release):
        release.add(subtlety='0')
        annotations = convert(release)
        assert 'subtlety' not in annotations.findings[0].attributes
        assert "subtlety '0' is outside 1 to 5: unknown" in notes(annotations)[0]


class TestLesions:
    def test_only_finding_of_each_view_is_one_lesion_whatever_its_number(self, release):
        release.add(view='CC', number=1)
        release.add(view='MLO', number=2)
        assert [finding.lesion_id for finding in convert(release).findings] == ['P_00001-L-1'] * 2

    def test_several_are_linked_by_what_is_written_about_them_not_by_their_number(self, release):
        # As in P_00419, where a malignant and a benign mass change numbers between the views.
        for view, numbers in (('CC', (1, 2)), ('MLO', (2, 1))):
            release.add(view=view, number=numbers[0], pathology='MALIGNANT')
            release.add(view=view, number=numbers[1], pathology='BENIGN')
        findings = convert(release).findings
        links = defaultdict(set)
        for finding in findings:
            links[finding.lesion_id].add(finding.category)
        assert sorted(links) == ['P_00001-L-1', 'P_00001-L-2'] and all(len(kinds) == 1 for kinds in links.values())

    def test_several_that_read_alike_are_not_linked(self, release):
        for view in ('CC', 'MLO'):
            release.add(view=view, number=1)
            release.add(view=view, number=2)
        assert [finding.lesion_id for finding in convert(release).findings] == [None] * 4

    def test_one_that_is_malignant_in_one_view_and_benign_in_the_other_is_not_linked(self, release):
        # As in P_01623.
        release.add(view='CC', pathology='MALIGNANT')
        release.add(view='MLO', pathology='BENIGN')
        assert [finding.lesion_id for finding in convert(release).findings] == [None, None]

    def test_mass_is_not_linked_with_a_calcification_or_with_the_other_breast(self, release):
        release.add(view='CC', kind='mass')
        release.add(view='MLO', kind='calc')
        release.add(side='RIGHT', view='MLO', kind='mass')
        assert [finding.lesion_id for finding in convert(release).findings] == [None] * 3


class TestFiles:
    def test_leading_folder_of_the_collection_is_found(self, release):
        release.add()
        folder = release.folder / 'manifest-1' / 'CBIS-DDSM'
        folder.mkdir(parents=True)
        for case in release.folder.glob('Mass-*'):
            case.rename(folder / case.name)
        assert len(convert(release).findings) == 1

    def test_folders_named_by_date_and_description_are_found(self, release):
        row = release.add()
        for column, name in (('image file path', 'full'), ('ROI mask file path', 'ROI mask images')):
            series = release.path_of(row, column)
            series.rename(series.with_name(f'1.000000-{name}-30678'))
            series.parent.rename(series.parent.with_name('07-20-2016-DDSM-NA-30678'))
        assert len(convert(release).findings) == 1

    def test_series_folders_alone_are_found(self, release):
        row = release.add()
        for column in ('image file path', 'ROI mask file path'):
            series = release.path_of(row, column)
            series.rename(release.folder / series.name)
            shutil.rmtree(series.parent.parent)
        assert len(convert(release).findings) == 1

    def test_names_of_the_table_are_found_too(self, release):
        row = release.add()
        path = release.path_of(row) / '1-1.dcm'
        path.rename(path.with_name('000000.dcm'))
        assert convert(release).images[0].file_name.endswith('/000000.dcm')

    def test_tables_may_lie_in_a_folder_of_their_own(self, release):
        release.add()
        release.write()
        (release.folder / 'csv').mkdir()
        for table in release.folder.glob('*.csv'):
            table.rename(release.folder / 'csv' / table.name)
        assert len(convert_cbis_ddsm(release.folder, show_progress=False, validation_share=0).images) == 1

    def test_film_without_file_is_listed_with_its_findings(self, release):
        release.add(1)
        shutil.rmtree(release.path_of(release.add(2)))
        lines = dropped(convert(release))
        assert 'line 5: no DICOM file of Mass-Training_P_00002_LEFT_CC/' in lines[0]
        assert 'line 5: no image Mass-Training_P_00002_LEFT_CC' in lines[1] and len(lines) == 2

    def test_several_files_of_a_film_are_listed(self, release):
        release.add(1)
        folder = release.path_of(release.add(2))
        shutil.copy(folder / '1-1.dcm', folder / '1-2.dcm')
        assert '2 files might be Mass-Training_P_00002_LEFT_CC/' in dropped(convert(release))[0]

    def test_series_of_the_table_decides_between_several_files(self, release):
        folder = release.path_of(release.add())
        shutil.copytree(folder, folder.with_name('9.9.9'))
        assert convert(release).images[0].file_name.endswith(f'{folder.name}/1-1.dcm')

    @pytest.mark.parametrize('path', ['../outside/000000.dcm', '/outside/000000.dcm', '000000.dcm', '.'])
    def test_path_that_leads_out_of_the_folder_is_refused(self, release, path):
        release.add(1)
        release.add(2)['image file path'] = path
        (line,) = dropped(convert(release))
        assert f"image file path '{path}' is no path of a file in the folder of its case" in line


class TestTables:
    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'left or right breast': 'BOTH'}, "left or right breast 'BOTH' is neither LEFT nor RIGHT"),
            ({'image view': 'XX'}, "unknown view 'L-XX'"),
            ({'pathology': 'UNPROVEN'}, "pathology 'UNPROVEN' is none of MALIGNANT, BENIGN"),
            ({'assessment': '9'}, 'assessment 9 is outside 0 to 6'),
            ({'abnormality id': '1.5'}, "abnormality id '1.5' is not a whole number"),
            ({'patient_id': ''}, 'patient_id is empty'),
        ],
    )
    def test_row_that_cannot_be_used_is_listed_with_its_line(self, release, changes, reason):
        release.add(1)
        release.add(2).update(changes)
        annotations = convert(release)
        assert len(annotations.findings) == 1
        (line,) = dropped(annotations)
        # Each row ends in a newline inside of a quoted field, so that the second one ends in line 5.
        assert line.startswith('mass_case_description_train_set.csv line 5: ') and reason in line

    @pytest.mark.parametrize(
        'changes',
        [{'image view': 'XX'}, {'pathology': 'UNPROVEN'}, {'assessment': '9'}, {'ROI mask file path': 'gone.dcm'}],
    )
    @pytest.mark.parametrize(('kind', 'num_lost'), [('mass', 2), ('calc', 2)])
    def test_row_that_cannot_be_used_leaves_its_film_unannotated_in_either_kind(self, release, changes, kind, num_lost):
        release.add(1, pathology='BENIGN')
        release.add(2, pathology='BENIGN')
        for number in (2, 3):
            release.add(1, number=number, kind=kind, box=(9, 9, 4, 4)).update(changes)
        lost, whole = (annotations := convert(release)).images
        assert len(annotations.findings) == 2 and annotations.info['counts']['images_with_lost_findings'] == 1
        assert lost.labels['lost_findings'] == num_lost and 'lost_findings' not in whole.labels
        assert not annotations.is_annotated(lost) and annotations.is_annotated(whole)
        # Of the lost ones one may be malignant.
        assert lost.labels.get('malignant') is None and whole.labels['malignant'] == 0
        assert lost.labels['benign'] == whole.labels['benign'] == 1

    def test_row_that_contradicts_its_film_leaves_it_unannotated(self, release):
        release.add(1)
        release.add(1, number=2, box=(9, 9, 4, 4)).update({'image view': 'MLO'})
        (image,) = (annotations := convert(release)).images
        assert image.labels['lost_findings'] == 1 and not annotations.is_annotated(image)

    @pytest.mark.parametrize('missing', ['nan', 'None', ''])
    def test_name_of_a_missing_value_is_an_empty_field(self, release, missing):
        release.add(1, subtlety=missing, breast_density=missing, **{'mass margins': missing})
        annotations = convert(release)
        assert annotations.findings[0].attributes.keys().isdisjoint({'subtlety', 'mass_margins'})
        assert annotations.images[0].labels.get('density') is None

    def test_repeated_row_is_listed(self, release):
        release.rows['mass', 'train'] = [release.add()] * 2
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert 'line 5: repeats mass_case_description_train_set.csv line 3' in dropped(annotations)[0]

    def test_missing_column_names_table_and_column(self, release):
        release.add()
        table = release.write() / 'mass_case_description_train_set.csv'
        table.write_text(table.read_text().replace('pathology', 'result'))
        with pytest.raises(ConversionError, match=r'train_set\.csv: misses the columns pathology'):
            convert_cbis_ddsm(release.folder)

    def test_folder_without_tables_says_what_is_expected(self, tmp_path):
        with pytest.raises(ConversionError, match='holds none of mass_case_description_train_set.csv'):
            convert_cbis_ddsm(tmp_path)

    def test_missing_folder_is_named(self, tmp_path):
        with pytest.raises(ConversionError, match='nowhere is not a folder'):
            convert_cbis_ddsm(tmp_path / 'nowhere')

    def test_table_in_two_places_is_refused(self, release):
        release.add()
        release.write()
        (release.folder / 'csv').mkdir()
        shutil.copy(next(release.folder.glob('*.csv')), release.folder / 'csv')
        with pytest.raises(ConversionError, match='lies in several places'):
            convert_cbis_ddsm(release.folder)

    def test_release_without_any_file_gives_the_first_reasons(self, release):
        shutil.rmtree(release.path_of(release.add()))
        with pytest.raises(ConversionError, match=r'no image is left to convert; left out:\n.*no DICOM file of'):
            convert(release)
