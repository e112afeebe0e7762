"""Patients whose second breast is the mirror of the first, and mammograms without their findings."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from mammo_plugins.datasets.phantom.anatomy import BodySize, sample_breast
from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.settings import ImagingSettings, PhantomSettings, SymmetrySettings, read_preset
from mammo_plugins.datasets.phantom.symmetry import Deformation, resembling_breast
from mammo_plugins.io.image_source import open_image

SIZE = ImagingSettings(rows=96, columns=64, slices=6)


@pytest.fixture(scope='module', name='pair')
def pair_fixture():
    rng = np.random.default_rng(3)
    body = BodySize.sample(rng)
    return sample_breast(rng, body, 'C'), sample_breast(rng, body, 'C')


def second(pair, **changes):
    settings = SymmetrySettings(mirrored=True, **changes)
    return resembling_breast(*pair, settings, np.random.default_rng(1))


def places(count=4000):
    points = np.random.default_rng(2).uniform(-0.7, 0.7, (3, count)).astype(np.float32)
    points[0] = np.abs(points[0])
    return points[:, (points**2).sum(0) < 0.8]


def likeness(one, other) -> float:
    """Correlation of the gland levels at the same places."""
    return float(np.corrcoef(one.fields.levels(*places())[0], other.fields.levels(*places())[0])[0, 1])


def test_exact_mirror_is_the_first_breast(pair):
    twin = second(pair, deformation_mm=0.0, asymmetry=0.0)
    for level, other in zip(twin.fields.levels(*places()), pair[0].fields.levels(*places())):
        np.testing.assert_allclose(level - level.mean(), other - other.mean(), atol=1e-4)
    assert (twin.depth_mm, twin.half_width_mm) == (pair[0].depth_mm, pair[0].half_width_mm)
    assert len(twin.vessels) == len(pair[0].vessels)


def test_asymmetry_says_how_unlike_the_breasts_are(pair):
    found = [likeness(pair[0], second(pair, deformation_mm=0.0, asymmetry=share)) for share in (0.0, 0.1, 0.5, 1.0)]
    assert found == sorted(found, reverse=True) and found[0] > 0.99
    assert found[-1] == pytest.approx(likeness(*pair), abs=0.02)


def test_deformation_moves_tissue_smoothly_by_the_chosen_size(pair):
    found = [likeness(pair[0], second(pair, deformation_mm=size, asymmetry=0.0)) for size in (1.0, 3.0, 8.0)]
    assert 0.98 > found[0] > found[1] > found[2] or found[0] > 0.98 > found[1] > found[2]
    moved = Deformation.sample(np.random.default_rng(0), 3.0, np.array([80.0, 70.0, 70.0]))
    points = places()
    shift_mm = moved.displacements(*points) * moved.unit_mm[:, None]
    assert np.sqrt((shift_mm**2).mean()) == pytest.approx(3.0, rel=0.35)
    step = np.float32([[0.01], [0], [0]])
    change = (moved.displacements(*(points + step)) - moved.displacements(*points)) * moved.unit_mm[:, None]
    assert np.abs(change).max() < 0.5 * 0.01 * 80, 'neighbours stay neighbours'


def test_density_is_that_of_the_first(pair):
    twin = second(pair, asymmetry=0.5)
    glandular = [(breast.fields.levels(*places())[0] > 0).mean() for breast in (pair[0], twin)]
    assert twin.density == 'C' and glandular[1] == pytest.approx(glandular[0], abs=0.06)


@pytest.fixture(scope='module', name='folder')
def folder_fixture(tmp_path_factory):
    """Four symmetric patients, half of their breasts with a finding."""
    folder = tmp_path_factory.mktemp('symmetric') / 'release'
    base = read_preset('symmetric')
    finding = replace(base.finding, malignant_share=0.5, benign_share=0.0)
    generate_release(folder, replace(base, imaging=SIZE, finding=finding, vendors='B'), cases=4, seed=2)
    return folder


def rows(folder, name) -> list[dict[str, str]]:
    with (folder / f'{name}.csv').open(newline='') as stream:
        return list(csv.DictReader(stream))


def intensities(path) -> np.ndarray:
    return next(iter(open_image(path).iter_slices()))


def test_breasts_of_a_patient_look_alike(folder):
    """Against the breasts of other patients, in intensities of the mammograms without findings."""
    normals = {(row['patient_id'], row['view']): row['normal_path'] for row in rows(folder, 'phantom-normals')}
    images = [row for row in rows(folder, 'phantom-images') if row['modality'] == 'FFDM']
    pixels = {
        (row['patient_id'], row['view']): intensities(
            folder / normals.get((row['patient_id'], row['view']), row['path'])
        )
        for row in images
    }
    upright = {key: image[:, ::-1] if key[1].startswith('r') else image for key, image in pixels.items()}

    def correlation(one, other):
        """Of what is larger than 4 mm: finer texture is each breast's own."""
        inside = (one > 0.02) & (other > 0.02)
        one, other = (ndimage.gaussian_filter(image, 2) for image in (one, other))
        return np.corrcoef(one[inside], other[inside])[0, 1]

    patients = sorted({patient for patient, _ in upright})
    own = [correlation(upright[p, 'lcc'], upright[p, 'rcc']) for p in patients]
    others = [correlation(upright[p, 'lcc'], upright[q, 'rcc']) for p in patients for q in patients if p != q]
    assert np.mean(own) > np.mean(others) + 0.1, (own, np.mean(others))


def test_mammogram_without_findings_differs_in_the_findings_only(folder):
    findings = [row for row in rows(folder, 'phantom-findings') if row['modality'] == 'FFDM']
    twins = rows(folder, 'phantom-normals')
    assert {(r['patient_id'], r['view']) for r in twins} == {(r['patient_id'], r['view']) for r in findings}
    darker = []
    for twin in twins:
        with_finding, without = intensities(folder / twin['path']), intensities(folder / twin['normal_path'])
        mask = np.zeros(with_finding.shape, bool)
        near = np.zeros(with_finding.shape, bool)
        for row in (f for f in findings if (f['patient_id'], f['view']) == (twin['patient_id'], twin['view'])):
            x, y, width, height = (float(row[name]) for name in ('x', 'y', 'width', 'height'))
            mask[round(y) : round(y + height), round(x) : round(x + width)] = True
            near[max(0, round(y) - 14) : round(y + height) + 14, max(0, round(x) - 14) : round(x + width) + 14] = True
        darker.append((with_finding - without)[mask].mean())
        assert np.abs(with_finding - without)[~near].max() < 0.02, 'the same tissue, noise and window'
    assert np.mean(darker) > 0.05


def test_twins_have_uids_of_their_own_and_are_in_no_other_table(folder):
    uids, listed = [], {row['path'] for row in rows(folder, 'phantom-images')}
    for twin in rows(folder, 'phantom-normals'):
        headers = [pydicom.dcmread(folder / twin[name], stop_before_pixels=True) for name in ('path', 'normal_path')]
        assert headers[0].StudyInstanceUID == headers[1].StudyInstanceUID
        uids += [header.SOPInstanceUID for header in headers]
        assert twin['path'] in listed and twin['normal_path'] not in listed
    assert len(uids) == len(set(uids)) > 4


def test_breast_without_findings_is_birads_1(folder):
    images = rows(folder, 'phantom-images')
    assert {row['birads'] for row in images if row['malignant'] == row['benign'] == '0'} == {'1'}
    assert '1' not in {row['birads'] for row in images if row['malignant'] == '1'}


def test_default_release_keeps_the_bytes_it_had_before_symmetry(tmp_path):
    """Names of files and settings are those of before, and nothing says symmetry."""
    assert 'symmetry' not in PhantomSettings().as_dict()
    assert read_preset('symmetric').as_dict()['symmetry']['mirrored']
    digests = []
    for name, symmetry in (('plain', SymmetrySettings()), ('other', SymmetrySettings(asymmetry=0.3))):
        settings = replace(read_preset('demo'), imaging=replace(SIZE, rows=64, columns=44), symmetry=symmetry)
        generate_release(tmp_path / name, settings, cases=1, seed=11)
        files = sorted(p for p in (tmp_path / name).rglob('*') if p.is_file() and p.name != 'phantom.json')
        digests.append([hashlib.sha256(p.read_bytes()).hexdigest() for p in files])
    assert digests[0] == digests[1], 'without mirrored, the rest of symmetry changes nothing'
    assert not (tmp_path / 'plain/phantom-normals.csv').exists()


@pytest.mark.parametrize('changes', [dict(asymmetry=1.1), dict(deformation_mm=-1.0)])
def test_settings_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match=r'symmetry\.asymmetry'):
        SymmetrySettings(**changes)
