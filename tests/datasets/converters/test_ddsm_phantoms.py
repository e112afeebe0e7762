"""Phantoms written as CBIS-DDSM and as DDSM come back through the converters as they were made."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.datasets.converters.cbis_ddsm import convert_cbis_ddsm
from mammo_plugins.datasets.converters.ddsm import convert_ddsm
from mammo_plugins.datasets.phantom.releases.cbis_ddsm import write_cbis_ddsm
from mammo_plugins.datasets.phantom.releases.ddsm import write_ddsm
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.phantom_source import make_source


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """Phantoms; the first film with a finding in training also has it as a calcification."""
    made = make_source(tmp_path_factory.mktemp('phantoms') / 'generic')
    image = next(row for row in made.ffdm if row.split == 'train' and made.findings_of(row))
    finding = made.findings_of(image)[0]
    twin = replace(finding, type='calcification', finding_id=f'{finding.finding_id}-calc')
    return replace(made, findings=[*(replace(f, type='mass') for f in made.findings), twin])


@pytest.fixture(scope='module')
def cbis(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('cbis')
    write_cbis_ddsm(source.folder, folder, source.images, source.findings, seed=1)
    return folder


@pytest.fixture(scope='module')
def ddsm(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('ddsm')
    write_ddsm(source.folder, folder, source.images, source.findings, seed=1)
    return folder


def truth(source):
    """Images with findings, and their boxes with category and type, by number of the patient and view."""
    images, findings = {}, defaultdict(list)
    for image in source.ffdm:
        key = int(image.patient_id[5:]), f'{image.view[0]}-{image.view[1:]}'.upper()
        images[key] = image
        findings[key] += [
            (row.malignancy, row.type, (row.x, row.y, row.width, row.height)) for row in source.findings_of(image)
        ]
    return images, findings


def check_findings(annotations, expected, key_of, tolerance):
    found = 0
    for image in annotations.images:
        own = sorted(
            (finding.category, finding.attributes['type'], finding.bbox_xywh)
            for finding in annotations.findings_of(image.id)
        )
        wanted = sorted(expected[key_of(image)])
        assert [finding[:2] for finding in own] == [finding[:2] for finding in wanted]
        for (_, _, box), (_, _, true_box) in zip(own, wanted, strict=True):
            np.testing.assert_allclose(box, true_box, atol=tolerance)
        found += len(own)
    assert found == sum(map(len, expected.values())) > 0


def test_cbis_ddsm_holds_every_film_with_findings_once(source, cbis):
    annotations = convert_cbis_ddsm(cbis, validation_share=0, show_progress=False)
    validate_annotations(annotations)
    assert annotations.info['dropped'] == []
    images, findings = truth(source)
    with_findings = {key for key, found in findings.items() if found}
    assert {(int(image.patient_id[2:]), image.view) for image in annotations.images} == with_findings
    # Boxes of the truth have a margin of 0.6 mm, which is less than half a pixel here.
    check_findings(annotations, findings, lambda image: (int(image.patient_id[2:]), image.view), 1.0)
    for image in annotations.images:
        made = images[int(image.patient_id[2:]), image.view]
        assert (image.width, image.height) == (made.width, made.height)
        assert image.labels['density'] == made.density and image.labels['birads'] == made.birads
        assert image.labels['malignant'] == made.malignant and image.manufacturer == '' and image.spacing_mm is None


def test_cbis_ddsm_has_its_oddities(source, cbis):
    annotations = convert_cbis_ddsm(cbis, validation_share=0, show_progress=False)
    counts = annotations.info['counts']
    assert counts['films_in_both_kinds'] == counts['patients_in_train_and_test_tables'] == 1
    assert counts['masks_of_other_size'] == 1 and counts['rows_moved_to_test'] >= 1
    both = _patients_of_both(source)
    overlapping = {image.split for image in annotations.images if int(image.patient_id[2:]) in both}
    assert overlapping == {'test'}
    text = (cbis / 'mass_case_description_train_set.csv').read_text()
    assert '"Mass-Training_P_' in text and '.dcm\n"' in text and 'breast_density' in text
    assert 'breast density' in (cbis / 'calc_case_description_test_set.csv').read_text()
    assert not list(cbis.rglob('000000.dcm'))  # named otherwise on disk than in the tables
    assert sum(len(list(case.glob('*/*'))) == 2 for case in cbis.glob('*_[1-9]')) == 1  # mask and crop in series apart


def test_cbis_ddsm_keeps_the_other_patients_in_their_split(source, cbis):
    annotations = convert_cbis_ddsm(cbis, validation_share=0, show_progress=False)
    images, _ = truth(source)
    for image in annotations.images:
        number = int(image.patient_id[2:])
        if number not in _patients_of_both(source):
            made = images[number, image.view].split
            assert image.split == ('test' if made == 'test' else 'train')


def test_cbis_ddsm_films_show_the_phantom(source, cbis):
    annotations = convert_cbis_ddsm(cbis, validation_share=0, show_progress=False)
    images, _ = truth(source)
    image = annotations.images[0]
    made = read_mammogram(source.folder / images[int(image.patient_id[2:]), image.view].path, voi='none').pixels
    np.testing.assert_allclose(read_mammogram(annotations.resolve_path(image)).pixels, made, atol=1e-4)


def _patients_of_both(source) -> set[int]:
    return {int(row.patient_id[5:]) for row in source.findings if row.type == 'calcification'}


def test_ddsm_holds_every_film_with_its_findings(source, ddsm):
    annotations = convert_ddsm(ddsm, show_progress=False)
    validate_annotations(annotations)
    assert annotations.info['dropped'] == []
    images, findings = truth(source)
    assert len(annotations.images) == len(images)
    check_findings(annotations, findings, lambda image: (int(image.patient_id[2:]), image.view), 1.0)
    for image in annotations.images:
        made = images[int(image.patient_id[2:]), image.view]
        assert image.labels['density'] == made.density
        assert image.spacing_mm[0] in (0.042, 0.0435, 0.05)
        case = [other for (number, _), other in images.items() if number == int(image.patient_id[2:])]
        level = 'cancer' if any(row.malignant for row in case) else 'benign' if any(row.benign for row in case) else ''
        assert image.labels['case'].startswith(level or 'normal')
        if image.labels.get('malignant') is not None:
            assert image.labels['malignant'] == made.malignant


def test_ddsm_has_its_oddities(source, ddsm):
    annotations = convert_ddsm(ddsm, show_progress=False)
    cores = [finding for finding in annotations.findings if 'cores' in finding.attributes]
    assert cores
    at_edge = [row for row in source.findings if row.modality == 'FFDM' and _touches_edge(source, row)]
    counts = annotations.info['counts']
    assert counts.get('clipped_boxes', 0) == len(at_edge)
    assert counts.get('missing_overlays', 0) == sum(not row.annotated for row in source.ffdm)


def test_ddsm_outline_at_the_edge_overruns_it(source, tmp_path):
    image = next(row for row in source.ffdm if source.findings_of(row))
    finding = replace(source.findings_of(image)[0], mask='edge.png')
    mask = np.zeros((image.height, image.width), np.uint8)
    mask[20:25, image.width - 4 :] = 255
    (tmp_path / 'source' / image.path).parent.mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / 'source' / 'edge.png')
    (tmp_path / 'source' / image.path).write_bytes((source.folder / image.path).read_bytes())
    (tmp_path / 'ddsm').mkdir()
    write_ddsm(tmp_path / 'source', tmp_path / 'ddsm', [image], [finding], seed=0)
    annotations = convert_ddsm(tmp_path / 'ddsm', show_progress=False)
    assert annotations.findings[0].bbox_xywh == (image.width - 4, 20, 4, 5)
    assert annotations.info['counts']['clipped_boxes'] == 1


def _touches_edge(source, finding) -> bool:
    with Image.open(source.folder / finding.mask) as picture:
        mask = np.asarray(picture) > 0
    return bool(mask[:, 0].any() or mask[:, -1].any())


@pytest.mark.parametrize('write', [write_cbis_ddsm, write_ddsm])
def test_one_seed_gives_the_same_bytes(source, tmp_path, write):
    for name in ('first', 'second'):
        (tmp_path / name).mkdir()
        write(source.folder, tmp_path / name, source.images, source.findings, seed=4)
    first, second = tmp_path / 'first', tmp_path / 'second'
    names = sorted(path.relative_to(first) for path in first.rglob('*') if path.is_file())
    assert names == sorted(path.relative_to(second) for path in second.rglob('*') if path.is_file()) and len(names) > 4
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
