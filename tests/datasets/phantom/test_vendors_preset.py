"""The preset of vendors whose styles lie far apart, and BI-RADS assessments of single masses."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.datasets.phantom.bcs_dbt_release import FindingRow, write_tables
from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.mass_grades import mass_grade
from mammo_plugins.datasets.phantom.settings import PhantomSettings, read_preset
from mammo_plugins.datasets.phantom.vendor_style import VENDOR_STYLES
from mammo_plugins.io import read_annotations
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.mass_birads import mass_birads

SIZE = '64x40x4'
VENDORS = read_preset('vendors')


@pytest.fixture(scope='module', name='folder')
def folder_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp('vendors') / 'release'
    generate_release(folder, VENDORS.resized(SIZE), cases=4, seed=3, split_shares=(1, 0, 0))
    return folder


def rows_of(folder, name):
    with (folder / f'{name}.csv').open(newline='') as stream:
        return list(csv.DictReader(stream))


def test_grade_goes_by_outline_then_by_density():
    settings = replace(VENDORS.finding, malignant_density=(1.0, 2.0), benign_density=(0.5, 1.5))
    cases = [
        (FindingShape.OVAL, 0.9, '2'),
        (FindingShape.OVAL, 1.1, '3'),
        (FindingShape.LYMPH_NODE, 0.9, '2'),
        (FindingShape.IRREGULAR, 1.4, '4A'),
        (FindingShape.IRREGULAR, 1.6, '4B'),
        (FindingShape.SPICULATED, 1.4, '4C'),
        (FindingShape.SPICULATED, 1.6, '5'),
        (FindingShape.FINE_CALCIFICATIONS, 0.5, None),
        (FindingShape.DISTORTION, 1.6, None),
    ]
    assert [mass_grade(shape, density, settings) for shape, density, _ in cases] == [case[2] for case in cases]


def test_masses_have_a_grade_each_and_breasts_the_worst_of_theirs(folder):
    findings, images = rows_of(folder, 'phantom-findings'), rows_of(folder, 'phantom-images')
    assert {row['type'] for row in findings} == {'mass'} and len({row['density'] for row in images}) >= 3
    assert len({row['birads'] for row in findings}) >= 3
    assert all((row['birads'] in ('2', '3')) == (row['class'] == 'benign') for row in findings)
    grades = {}
    for row in findings:
        grades.setdefault((row['patient_id'], row['view'][0]), {})[row['finding_id']] = row['birads']
    for image in images:
        of_breast = grades.get((image['patient_id'], image['view'][0]))
        if of_breast:
            assert image['birads'] == max(of_breast.values())[0]
        else:
            assert image['birads'] in ('1', '2')


def test_grades_are_in_the_annotation_file(folder, tmp_path):
    convert_dataset('phantom', folder, tmp_path / 'ffdm.json', modality=['FFDM'])
    annotations = read_annotations(tmp_path / 'ffdm.json')
    assert {finding.attributes['birads'] for finding in annotations.findings} <= {'2', '3', '4A', '4B', '4C', '5'}
    with_mass = [image for image in annotations.images if annotations.findings_of(image.id)]
    assert with_mass and all(mass_birads(annotations.findings_of(image.id)) for image in with_mass)
    assert all(image.nipple_xy and image.manufacturer for image in annotations.images)


def test_no_grade_no_column(tmp_path):
    row = FindingRow('P', 'S', 'lcc', 'FFDM', 'P-L-1', 'benign', 'mass', 1, 2, 3, 4, 0, 0, 0, 'mask-1.png')
    for name, findings in (('plain', [row]), ('graded', [row, replace(row, birads='4C')])):
        (tmp_path / name).mkdir()
        write_tables(tmp_path / name, [], findings, [], set(), [])
    assert (tmp_path / 'plain/phantom-findings.csv').read_text().splitlines()[0].endswith('last_slice,mask')
    assert [line.rpartition(',')[2] for line in (tmp_path / 'graded/phantom-findings.csv').read_text().split()] == [
        'birads', '', '4C'
    ]  # fmt: skip


def test_settings_that_change_nothing_are_not_written():
    plain = PhantomSettings().as_dict()
    assert not {'vendor_spread', 'every_vendor'} & set(plain) and 'graded_masses' not in plain['finding']
    preset = VENDORS.as_dict()
    assert preset['vendor_spread'] == 2.5 and preset['finding']['graded_masses'] is True


def test_spread_of_one_is_the_style_itself_and_more_moves_all_of_it_apart():
    for style in VENDOR_STYLES.values():
        assert style.spread(1.0) is style
    gammas, noises = (
        [getattr(style.spread(2.5), name) for style in VENDOR_STYLES.values()] for name in ('gamma', 'noise')
    )
    assert max(gammas) / min(gammas) > 2.5 and max(noises) / min(noises) > 7
    for style in VENDOR_STYLES.values():
        tones = style.spread(4.0).apply_tone(np.linspace(0, 1, 200, dtype=np.float32))
        assert (np.diff(tones) >= -1e-6).all() and tones[-1] == pytest.approx(1)
        assert style.spread(4.0).sharpen > -1


def test_spread_out_of_range_is_refused():
    with pytest.raises(ValueError, match='vendor_spread is 9'):
        PhantomSettings(vendor_spread=9)


@pytest.fixture(scope='module', name='shown')
def shown_fixture(tmp_path_factory):
    """One patient as vendors C and F have it, by spread: the first image, and the findings without their masks."""
    root, found = tmp_path_factory.mktemp('shown'), {}
    for spread in (1.0, VENDORS.vendor_spread):
        for vendor in 'CF':
            folder = root / f'{spread}{vendor}'
            settings = replace(VENDORS.resized(SIZE), vendors=vendor, vendor_spread=spread)
            generate_release(folder, settings, cases=1, seed=5, split_shares=(1, 0, 0))
            row = next(row for row in rows_of(folder, 'phantom-images') if row['modality'] == 'FFDM')
            findings = [{**row, 'mask': ''} for row in rows_of(folder, 'phantom-findings') if row['modality'] == 'FFDM']
            found[spread, vendor] = next(open_image(folder / row['path']).iter_slices()), findings
    return found


def test_vendors_of_the_preset_show_breasts_less_alike_than_the_plain_ones(shown):
    plain, far = (np.abs(shown[s, 'C'][0] - shown[s, 'F'][0]).mean() for s in (1.0, VENDORS.vendor_spread))
    assert far > 1.5 * plain


def test_one_anatomy_has_the_same_findings_and_grades_whatever_the_vendor(shown):
    """Truth of style transfer: another vendor's image of the same breast."""
    (_, first), *others = shown.values()
    assert first and all(findings == first for _, findings in others)


def test_every_vendor_images_the_same_patients_in_studies_of_their_own(tmp_path):
    settings, told = replace(VENDORS.resized(SIZE), vendors='CF', every_vendor=True), []
    generate_release(tmp_path / 'all', settings, 2, seed=5, split_shares=(0, 0, 1), on_patient=told.append)
    assert told == [0, 1, 1, 2]
    images = [row for row in rows_of(tmp_path / 'all', 'phantom-images') if row['modality'] == 'FFDM']
    assert len({(row['patient_id'], row['manufacturer']) for row in images}) == 4
    assert len({row['study_id'] for row in images}) == 4 and len({row['patient_id'] for row in images}) == 2
    convert_dataset('phantom', tmp_path / 'all', tmp_path / 'all.json')
    assert len({image.study_uid for image in read_annotations(tmp_path / 'all.json').images}) == 4

    def findings(study):
        rows = rows_of(tmp_path / 'all', 'phantom-findings')
        return [
            {**row, 'mask': '', 'study_id': ''}
            for row in rows
            if row['study_id'] == study and row['modality'] == 'FFDM'
        ]

    assert findings('DBT-S00001C') == findings('DBT-S00001F') != []
    alone = replace(settings, every_vendor=False, vendors='F')
    generate_release(tmp_path / 'alone', alone, 2, seed=5, split_shares=(0, 0, 1))
    of_all = [row for row in images if row['manufacturer'].endswith('F')]
    of_one = [row for row in rows_of(tmp_path / 'alone', 'phantom-images') if row['modality'] == 'FFDM']
    for row, other in zip(of_all, of_one, strict=True):
        (one,), (two,) = (
            open_image(tmp_path / name / r['path']).iter_slices() for name, r in (('all', row), ('alone', other))
        )
        np.testing.assert_array_equal(one, two)


def test_size_keeps_the_tilt_of_the_preset():
    assert VENDORS.resized(SIZE).imaging.mlo_tilt_deg == VENDORS.imaging.mlo_tilt_deg == 20
    assert PhantomSettings().resized(SIZE).imaging.mlo_tilt_deg == 0


def test_grades_change_no_image(tmp_path):
    images = []
    for graded in (True, False):
        settings = VENDORS.resized('64x40x4').override({'finding.graded_masses': graded})
        generate_release(tmp_path / str(graded), settings, cases=1, seed=5, split_shares=(1, 0, 0))
        files = sorted((tmp_path / str(graded)).rglob('*.dcm'))
        images.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert images[0] == images[1] and len(images[0]) >= 12
