"""CMMD: rows of breasts joined with images by their headers, and each quirk of the release met."""

from __future__ import annotations

import builtins
import zipfile

import pytest

from mammo_plugins.datasets.converters import release_sheet
from mammo_plugins.datasets.converters.cmmd import convert_cmmd
from mammo_plugins.datasets.converters.conversion_report import ConversionError
from mammo_plugins.datasets.phantom.releases.cmmd import TABLE, write_cmmd
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.cmmd_release import HEIGHT, WIDTH, CmmdRelease
from tests.datasets.converters.phantom_source import make_source
from tests.datasets.converters.report_lines import lines
from tests.fuzz.bombs import workbook


@pytest.fixture
def release(tmp_path):
    return CmmdRelease(tmp_path / 'CMMD-release')


def convert(release, kind='csv', **options):
    annotations = convert_cmmd(release.write(kind), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


def test_workbook_gives_the_labels_of_a_breast_to_both_its_views(release):
    pytest.importorskip('openpyxl')
    release.add_breast('D2-0007', 'R', 'Malignant', 'both', subtype='Luminal A')
    annotations = convert(release, 'xlsx')
    assert [image.view for image in annotations.images] == ['R-CC', 'R-MLO']
    for image in annotations.images:
        assert (image.patient_id, image.study_uid) == ('D2-0007', '1.2.3')
        assert (image.width, image.height, image.modality) == (WIDTH, HEIGHT, 'FFDM')
        assert image.labels == {
            'malignant': 1, 'benign': 0, 'abnormality': 'both', 'subtype': 'Luminal A', 'age': 44,
        }  # fmt: skip
        assert annotations.resolve_path(image).is_file()
    assert annotations.info['dropped'] == annotations.info['notes'] == []


def test_labels_have_no_boxes_so_positives_are_unannotated(release):
    release.add_breast(classification='Malignant')
    annotations = convert(release)
    assert annotations.findings == [] and annotations.info['counts']['unannotated_positives'] == 2


def test_side_comes_from_image_laterality_and_view_from_the_view_code(release):
    release.add_breast(side='L')
    release.add_image(side='R', view='MLO')
    assert [image.view for image in convert(release).images] == ['L-CC', 'L-MLO', 'R-MLO']


def test_breast_without_row_is_kept_without_labels_as_nobody_calls_it_healthy(release):
    release.add_breast(side='L', classification='Benign')
    release.add_image(side='R', view='CC')
    annotations = convert(release)
    assert annotations.images[2].labels == {}
    assert annotations.info['counts']['unlabelled'] == 1
    assert [image.split for image in annotations.images if 'malignant' not in image.labels] == [None]
    assert lines(annotations, 'notes') == [
        'D1-0001 R: 1 images without labels and split: the table has no row for this breast'
    ]  # fmt: skip


def test_patient_with_one_side_only_is_whole(release):
    release.add_breast(side='R')
    annotations = convert(release)
    assert len(annotations.images) == 2 and annotations.info['notes'] == []


def test_benign_and_malignant_rows_of_one_breast_are_joined_and_noted(release):
    release.add_breast(abnormality='mass', classification='Benign')
    release.add_breast(abnormality='calcification', classification='Malignant', images=False, subtype='Luminal B')
    annotations = convert(release)
    labels = annotations.images[0].labels
    assert (labels['malignant'], labels['benign'], labels['abnormality'], labels['subtype']) == (
        1, 1, 'both', 'Luminal B',
    )  # fmt: skip
    assert annotations.info['counts']['breasts_of_several_rows'] == 1


def test_other_number_of_images_than_announced_is_noted(release):
    release.add_breast(number=4)
    assert lines(convert(release), 'notes') == [
        'CMMD_clinicaldata_revision.csv line 2: number is 4, there are 2 images of D1-0001 L'
    ]


def test_patient_without_folder_and_folder_without_row_are_listed(release):
    release.add_breast('D1-0001')
    release.add_breast('D1-0002', images=False)
    release.add_image('D1-0003')
    assert lines(convert(release)) == [
        'CMMD/D1-0003: no usable row for this patient in the table',
        'D1-0002: no folder of this patient',
        'CMMD_clinicaldata_revision.csv line 3: no image of D1-0002 L',
    ]


def test_folders_are_found_below_those_of_the_download_tool(release):
    release.add_breast('D1-0001', images=False)
    release.add_image('D1-0001', root='manifest-1616439774456/CMMD')
    assert convert(release).images[0].file_name.startswith('manifest-1616439774456/CMMD/D1-0001/')


@pytest.mark.parametrize('patient', ['../outside', '/etc', 'D1-0001/../../outside', 'D3-0001', ''])
def test_id_never_leads_out_of_the_folder(release, patient):
    release.add_breast('D1-0001')
    release.rows.append([patient, 'L', 44, 2, 'mass', 'Benign', None])
    outside = CmmdRelease(release.folder.parent / 'outside')
    outside.add_image('D1-0009', root='.')
    annotations = convert(release)
    assert {image.patient_id for image in annotations.images} == {'D1-0001'}
    assert 'ID1' in lines(annotations)[0]


@pytest.mark.parametrize(
    ('column', 'value', 'reason'),
    [
        (1, 'B', "LeftRight 'B' is neither L nor R"),
        (2, 'old', "Age 'old' is not a number"),
        (3, '1e999', "number '1e999' is not finite"),
        (4, 'lump', "abnormality 'lump' is none of calcification, mass, both"),
        (5, 'Unsure', "classification 'unsure' is neither Malignant nor Benign"),
        (5, '', 'classification is empty'),
    ],
)
def test_row_that_cannot_be_used_is_listed_with_its_line(release, column, value, reason):
    release.add_breast('D1-0001')
    release.add_breast('D1-0002')
    release.rows[1][column] = value
    assert lines(convert(release))[0] == f'CMMD_clinicaldata_revision.csv line 3: {reason}'


@pytest.mark.parametrize(
    ('elements', 'reason'),
    [
        ({'view': None}, 'no projection'),
        ({'ImageLaterality': None}, 'no side'),
        (
            {'ImageType': ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'GENERATED_2D']},
            'is an image of modality SM, not FFDM',
        ),
    ],
)
def test_image_whose_header_does_not_say_what_it_shows_is_listed(release, elements, reason):
    release.add_breast()
    path = release.add_image(**elements)
    (line,) = lines(convert(release))
    assert line.startswith(path.relative_to(release.folder).as_posix()) and reason in line


def test_header_of_another_patient_is_noted(release):
    release.add_breast(images=False, number=1)
    release.add_image(PatientID='D1-0400')
    assert "the header says patient 'D1-0400', the folder D1-0001" in lines(convert(release), 'notes')[0]


def test_repeated_view_gets_a_name_of_its_own(release):
    release.add_breast(number=3)
    release.add_image(view='CC')
    assert [image.view_name for image in convert(release).images] == ['lcc', 'lmlo', 'lcc1']


def test_splits_are_by_patient_and_those_of_a_part_are_those_of_the_whole(release):
    for number in range(1, 13):
        release.add_breast(f'D1-{number:04}', 'L', images=False)
        release.add_image(f'D1-{number:04}', 'L')
        release.add_image(f'D1-{number:04}', 'R')
    whole = {(image.patient_id, image.split) for image in convert(release, seed=4).images if image.labels}
    assert len(whole) == 12 and {split for _, split in whole} == {'train', 'validation', 'test'}
    (release.folder / 'CMMD/D1-0005').rename(release.folder / 'elsewhere')
    part = {(image.patient_id, image.split) for image in convert(release, seed=4).images if image.labels}
    assert part == {pair for pair in whole if pair[0] != 'D1-0005'}


class TestTable:
    def test_missing_table_names_where_to_get_it(self, release):
        with pytest.raises(ConversionError, match=r'holds no table CMMD_clinicaldata\*\.xlsx: download'):
            convert_cmmd(release.folder)

    def test_missing_column_is_an_error(self, release):
        (release.folder / 'CMMD_clinicaldata_revision.csv').write_text('ID1,LeftRight\nD1-0001,L\n')
        with pytest.raises(ConversionError, match='misses the columns abnormality, classification'):
            convert_cmmd(release.folder)

    def test_two_tables_are_an_error(self, release):
        release.write()
        (release.folder / 'CMMD_clinicaldata_old.csv').write_text('ID1\n')
        with pytest.raises(ConversionError, match='several tables'):
            convert_cmmd(release.folder)

    def test_missing_package_names_the_command_and_the_way_without(self, release, monkeypatch):
        real_import = builtins.__import__

        def refuse(name, *args, **kwargs):
            if name == 'openpyxl':
                raise ModuleNotFoundError(f'No module named {name!r}', name=name)
            return real_import(name, *args, **kwargs)

        (release.folder / TABLE).write_bytes(b'')
        monkeypatch.setattr(builtins, '__import__', refuse)
        with pytest.raises(
            ConversionError, match=r'pip install "mammo-plugins\[datasets\]", or save the sheet as CMMD'
        ):
            convert_cmmd(release.folder)

    def test_workbook_that_unpacks_to_too_much_is_refused(self, release, monkeypatch):
        pytest.importorskip('openpyxl')
        monkeypatch.setattr(release_sheet, 'MAX_SHEET_BYTES', 10**6)
        with zipfile.ZipFile(release.folder / TABLE, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('xl/worksheets/sheet1.xml', bytes(10**6 + 1))
        with pytest.raises(ConversionError, match='1000001 bytes when unpacked'):
            convert_cmmd(release.folder)

    @pytest.mark.parametrize('place', ['A2000000', 'A1000000000'])
    def test_one_cell_far_down_does_not_make_millions_of_rows(self, release, place):
        pytest.importorskip('openpyxl')
        cell = f'<row r="{place[1:]}"><c r="{place}" t="b"><v>1</v></c></row>'
        (release.folder / TABLE).write_bytes(workbook(f'<sheetData>{cell}</sheetData>'))
        with pytest.raises(ConversionError, match=rf'{TABLE}: more than the \d+ cells of any release'):
            convert_cmmd(release.folder)

    def test_announced_size_of_a_sheet_is_not_believed(self, release):
        pytest.importorskip('openpyxl')
        sheet = '<dimension ref="A1:XFD1048576"/><sheetData><row><c t="b"><v>1</v></c></row></sheetData>'
        (release.folder / TABLE).write_bytes(workbook(sheet))
        with pytest.raises(ConversionError, match='misses the columns ID1'):
            convert_cmmd(release.folder)

    def test_broken_workbook_is_an_error_that_names_it(self, release):
        pytest.importorskip('openpyxl')
        (release.folder / TABLE).write_bytes(b'PK but no archive')
        with pytest.raises(ConversionError, match=r'revision\.xlsx: broken table'):
            convert_cmmd(release.folder)

    def test_unknown_column_and_overlong_row_are_listed(self, release):
        release.add_breast()
        table = release.write() / 'CMMD_clinicaldata_revision.csv'
        text = table.read_text().replace('subtype', 'subtype,remark', 1).replace('Benign,', 'Benign,,fine')
        table.write_text(text + 'D1-0002,L,44,2,mass,Benign,,,surplus\n')
        assert lines(convert_cmmd(release.folder, show_progress=False)) == [
            "CMMD_clinicaldata_revision.csv column 'remark': unknown column, not used",
            'CMMD_clinicaldata_revision.csv line 3: has 9 fields, the header has 8',
        ]


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    return make_source(tmp_path_factory.mktemp('phantoms') / 'source')


@pytest.fixture(scope='module')
def written(source, tmp_path_factory):
    pytest.importorskip('openpyxl')
    folder = tmp_path_factory.mktemp('cmmd')
    write_cmmd(source.folder, folder, source.images, source.findings, seed=1)
    return folder


def test_phantoms_come_back_with_their_labels(source, written):
    annotations = convert_cmmd(written, show_progress=False)
    validate_annotations(annotations)
    assert annotations.info['dropped'] == []
    found = {(image.study_uid, image.view_name): image for image in annotations.images}
    rows = {(row.path.split('/')[1], row.view): row for row in source.ffdm}
    assert set(found) < set(rows)
    for key, image in found.items():
        row = rows[key]
        assert (image.width, image.height, image.manufacturer) == (row.width, row.height, row.manufacturer)
        if row.malignant or row.benign:
            assert image.labels['malignant'] == row.malignant
            assert image.labels['benign'] == int(row.benign and not row.malignant)
        else:
            assert image.labels == {}
        assert read_mammogram(annotations.resolve_path(image)).pixels.shape == (row.height, row.width)


def test_planted_quirks_of_phantoms_are_counted(source, written):
    annotations = convert_cmmd(written, show_progress=False)
    sides = {}
    for row in source.ffdm:
        sides.setdefault(row.patient_id, {})[row.view[0]] = row.malignant or row.benign
    without_row = sum(not labelled for breasts in sides.values() for labelled in breasts.values())
    counts = annotations.info['counts']
    one_sided = len(source.ffdm) - len(annotations.images)
    assert counts['breasts_without_row'] == without_row - one_sided // 2 and one_sided == 2
    assert {image.patient_id[:2] for image in annotations.images} == {'D1', 'D2'}
    assert any('subtype' in image.labels for image in annotations.images)
    assert counts['unannotated_positives'] == counts['positives'] > 0
