"""The published tables of CBIS-DDSM: their oddities, counted."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict

import numpy as np
import pytest

from mammo_plugins.datasets.converters.cbis_ddsm.conversion import convert_cbis_ddsm, lesion_ids
from mammo_plugins.datasets.converters.cbis_ddsm.rows import KINDS, find_tables, read_abnormalities
from mammo_plugins.datasets.converters.cbis_ddsm.splits import assign_splits
from mammo_plugins.datasets.converters.conversion_report import ConversionReport
from mammo_plugins.datasets.converters.release_files import ReleaseFiles
from mammo_plugins.io import validate_annotations
from tests.datasets.converters.cbis_ddsm_release import HEIGHT, WIDTH, box_mask, film
from tests.io.dicom_builder import gradient, save


@pytest.fixture(scope='module')
def report():
    return ConversionReport()


@pytest.fixture(scope='module')
def rows(real_data, report):
    abnormalities, lost = read_abnormalities(find_tables(ReleaseFiles(real_data / 'cbis_ddsm', report), KINDS), report)
    assert lost == []
    return abnormalities


def patients(rows, kind, split):
    return {row.patient_id for row in rows if (row.kind, row.published_split) == (kind, split)}


def test_every_row_can_be_used_and_none_is_repeated(rows, report):
    assert Counter((row.kind, row.published_split) for row in rows) == {
        ('mass', 'train'): 1318, ('mass', 'test'): 378, ('calc', 'train'): 1546, ('calc', 'test'): 326,
    }  # fmt: skip
    assert report.dropped == [] and report.counts == {'unknown_densities': 2, 'unknown_subtleties': 2}


def test_every_row_has_one_path_that_ends_in_a_newline(rows, real_data):
    endings = Counter()
    for table in (real_data / 'cbis_ddsm').glob('*.csv'):
        with table.open(newline='') as file:
            endings.update(sum(field.endswith('\n') for field in fields) for fields in csv.reader(file))
    assert endings == {1: len(rows), 0: 4}  # the headers have none
    assert all(path.endswith('.dcm') for row in rows for path in (row.film_path, *row.roi_paths))


def test_density_is_read_from_both_spellings_of_its_column(rows):
    assert Counter(row.density for row in rows if row.kind == 'calc') == {
        'A': 199,
        'B': 616,
        'C': 654,
        'D': 401,
        None: 2,
    }
    assert Counter(row.density for row in rows if row.kind == 'mass') == {'A': 337, 'B': 757, 'C': 449, 'D': 153}


def test_categories_and_types(rows):
    assert Counter(row.category for row in rows) == {'benign': 2111, 'malignant': 1457}
    assert Counter(row.type for row in rows) == {
        'calcification': 1872, 'mass': 1508, 'distortion': 103, 'asymmetry': 50, 'other': 35,
    }  # fmt: skip


def test_names_of_mask_and_cropped_image_are_swapped_between_masses_and_calcifications(rows):
    masks = Counter((row.kind, row.roi_paths[0].rsplit('/', 1)[1]) for row in rows)
    assert masks == {('mass', '000001.dcm'): 1593, ('mass', '000000.dcm'): 103, ('calc', '000000.dcm'): 1872}
    apart = [row for row in rows if row.roi_paths[0].rsplit('/', 1)[0] != row.roi_paths[1].rsplit('/', 1)[0]]
    assert len(apart) == 104


def test_patients_are_in_training_tables_of_one_kind_and_test_tables_of_the_other(rows):
    assert len(patients(rows, 'mass', 'train') & patients(rows, 'calc', 'test')) == 13
    assert len(patients(rows, 'calc', 'train') & patients(rows, 'mass', 'test')) == 18
    for kind in KINDS:
        assert not patients(rows, kind, 'train') & patients(rows, kind, 'test')


def test_numbers_of_films_and_views(rows):
    assert len({row.film_name for row in rows}) == 3103
    kinds = defaultdict(set)
    for row in rows:
        kinds[row.film_key].add(row.kind)
    assert len(kinds) == 3032 and sum(len(found) == 2 for found in kinds.values()) == 71


def test_masses_and_calcifications_of_a_film_share_one_numbering(rows):
    numbers = Counter((*row.film_key, row.number) for row in rows)
    assert max(numbers.values()) == 1


def test_no_patient_is_in_two_splits(rows):
    report = ConversionReport()
    splits = defaultdict(set)
    for row, split in assign_splits(rows, 'test', 0.1, 0, report):
        splits[row.patient_id].add(split)
    assert all(len(found) == 1 for found in splits.values())
    assert Counter(found.pop() for found in splits.values()) == {'train': 1095, 'validation': 122, 'test': 349}
    assert report.counts == {'rows_moved_to_test': 83, 'patients_in_train_and_test_tables': 31}


def test_leaving_overlapping_patients_out_drops_all_their_rows(rows):
    report = ConversionReport()
    assert len(assign_splits(rows, 'drop', 0, 0, report)) == 3568 - 143
    assert report.counts['dropped_overlapping_rows'] == 143


def test_abnormality_number_is_not_the_same_lesion_in_both_views(rows):
    """Breasts with several abnormalities, each described in words of its own and the same in both views."""
    breasts = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        description = (*row.descriptors.items(), row.assessment, row.pathology, row.subtlety)
        breasts[(row.kind, *row.breast)][row.view][row.number] = description
    same_numbers = Counter()
    for views in breasts.values():
        if len(views) == 2:
            one, other = views.values()
            if len(one) > 1 and len(set(one.values())) == len(one) == len(other):
                if set(one.values()) == set(other.values()):
                    same_numbers[one == other] += 1
    assert same_numbers == {True: 10, False: 8}


def test_lesions_that_can_be_linked(rows):
    ids = lesion_ids(rows)
    assert len(ids) == 2502 and set(Counter(ids.values()).values()) == {2}
    by_lesion = defaultdict(set)
    for row in rows:
        if row.patient_id == 'P_00419' and row.view.laterality.value == 'L':
            by_lesion[ids[row.key]].add((row.number, row.category))
    assert sorted(map(sorted, by_lesion.values())) == [
        [(1, 'benign'), (2, 'benign')], [(1, 'malignant'), (2, 'malignant')],
    ]  # fmt: skip


@pytest.fixture
def overlapping_release(rows, real_data, tmp_path):
    """The published tables with small films and masks of the patients who are in tables of both splits."""
    for table in (real_data / 'cbis_ddsm').glob('*.csv'):
        shutil.copy(table, tmp_path / table.name)
    splits = defaultdict(set)
    for row in rows:
        splits[row.patient_id].add(row.published_split)
    marked = box_mask((HEIGHT, WIDTH), (4, 6, 5, 7)).astype(np.uint8) * 255
    for row in rows:
        if len(splits[row.patient_id]) == 2:
            _save(tmp_path / row.film_path, '1-1.dcm', gradient((HEIGHT, WIDTH), 16), 'full mammogram images')
            _save(tmp_path / row.roi_paths[0], '1-2.dcm', marked, 'ROI mask images')
            _save(tmp_path / row.roi_paths[1], '1-1.dcm', gradient((6, 5), 16), 'cropped images')
    return tmp_path


def _save(table_path, name, pixels, description):
    save(film(pixels, table_path.parts[-4], description), table_path.with_name(name))


def test_overlapping_patients_become_test_images_with_all_their_findings(overlapping_release):
    annotations = convert_cbis_ddsm(overlapping_release, splits=['test'], show_progress=False)
    validate_annotations(annotations)
    assert {image.split for image in annotations.images} == {'test'}
    assert len({image.patient_id for image in annotations.images}) == 31
    # 83 rows of training and 60 of test tables; films in tables of both kinds are one image.
    assert len(annotations.findings) == 143
    assert {finding.bbox_xywh for finding in annotations.findings} == {(4, 6, 5, 7)}
    assert annotations.info['counts']['films_in_both_kinds'] == 29
