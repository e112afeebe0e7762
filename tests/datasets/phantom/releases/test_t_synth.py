"""Phantoms as T-SYNTH come back through its converter."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.datasets.converters import convert_t_synth
from mammo_plugins.datasets.finding_masks import decode_segmentation
from mammo_plugins.datasets.phantom.releases.t_synth import write_t_synth
from mammo_plugins.io import iter_slices, read_annotations, validate_annotations
from tests.datasets.converters.phantom_source import make_source

pytest.importorskip('h5py', reason='masks of T-SYNTH are HDF5')

RANGES = {'train': range(1, 201), 'validation': range(201, 251), 'test': range(251, 301)}


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    """The phantoms, their folder as a release, and what becomes of it."""
    source = make_source(tmp_path_factory.mktemp('phantoms'), cases=8)
    folder = tmp_path_factory.mktemp('t-synth')
    write_t_synth(source.folder, folder, source.images, source.findings, seed=3)
    return source, folder, convert_t_synth(folder, show_progress=False)


def usable(source, modality):
    """Rows of breasts with one malignant mass, or nothing, in the order of the phantoms."""
    breasts = {}
    for row in source.images:
        breasts.setdefault((row.patient_id, row.view[0]), []).append(row)
    kept = []
    for rows in breasts.values():
        (row,) = (row for row in rows if row.modality == modality and row.view[1:] == 'cc')
        found = [finding for other in rows for finding in source.findings_of(other)]
        is_marked = len({finding.finding_id for finding in found}) == 1 and source.findings_of(row)
        if is_marked and {(finding.malignancy, finding.type) for finding in found} == {('malignant', 'mass')}:
            kept.append(row)
        elif not (found or row.malignant or row.benign):
            kept.append(row)
    return kept


def key_of(image):
    """What tells the examples apart: in each split the marked ones come first or second by their number."""
    number = int(image.patient_id.rsplit('-')[-1])
    return image.split, 1 - number % 2, number


def pairs_of(source, annotations, modality):
    """Each image with the phantom that it was."""
    images = sorted((image for image in annotations.images if image.modality == modality), key=key_of)
    # The sort is stable: phantoms keep their order.
    ordered = sorted(usable(source, modality), key=lambda row: (row.split, not source.findings_of(row)))
    return list(zip(images, ordered, strict=True))


def upright(row, pixels):
    """A stored phantom with its chest wall at the left."""
    turned = pixels[..., ::-1] if (row.view[0] == 'r') != bool(row.rotated_180) else pixels
    return turned[..., ::-1, :] if row.rotated_180 else turned


def upright_box(row, finding):
    x, y = finding.x, finding.y
    if (row.view[0] == 'r') != bool(row.rotated_180):
        x = row.width - x - finding.width
    return x, row.height - y - finding.height if row.rotated_180 else y, finding.width, finding.height


@pytest.mark.parametrize('modality', ['DBT', 'FFDM', 'SM'])
def test_images_come_back_upright(phantoms, modality):
    source, folder, annotations = phantoms
    validate_annotations(annotations)
    pairs = pairs_of(source, annotations, modality)
    assert len(pairs) >= 4 and annotations.info['dropped'] == annotations.info['notes'] == []
    for image, row in pairs:
        assert (image.height, image.width, image.num_slices) == (row.height, row.width, row.num_slices)
        assert image.labels['malignant'] == row.malignant and image.labels['density'] == row.density
        assert image.split == row.split and key_of(image)[2] in RANGES[row.split]
    image, row = pairs[0]
    shown = np.stack(list(iter_slices(folder / image.file_name, voi='none')))
    made = upright(row, np.stack(list(iter_slices(source.folder / row.path, voi='none'))))
    np.testing.assert_allclose(shown, (made - made.min()) / (made.max() - made.min()), atol=1e-5)


@pytest.mark.parametrize('modality', ['DBT', 'FFDM', 'SM'])
def test_masses_come_back_where_they_are(phantoms, modality):
    source, _, annotations = phantoms
    compared = 0
    for image, row in pairs_of(source, annotations, modality):
        for finding, true in zip(annotations.findings_of(image.id), source.findings_of(row), strict=True):
            box = upright_box(row, true)
            if modality == 'FFDM':  # a square of the radius that is nearest of three
                middle = np.add(finding.bbox_xywh[:2], np.divide(finding.bbox_xywh[2:], 2))
                np.testing.assert_allclose(middle, np.add(box[:2], np.divide(box[2:], 2)), atol=1.0)
                assert finding.segmentation is None and finding.attributes['box_from'] == 'radius'
            else:
                # Boxes of the truth have a margin of 0.6 mm, which is less than half a pixel here.
                np.testing.assert_allclose(finding.bbox_xywh, box, atol=1.0)
                outline = decode_segmentation(finding.segmentation, image.height, image.width)
                assert outline[upright_middle(box)] and finding.attributes['box_from'] == 'mask'
            in_volume = (true.slice, (true.first_slice, true.last_slice))
            assert (finding.slice_index, finding.slice_range) == (in_volume if modality == 'DBT' else (0, None))
            assert finding.category == 'malignant' and finding.attributes['type'] == 'mass'
            compared += 1
    assert compared >= 2


def upright_middle(box):
    return int(box[1] + box[3] / 2), int(box[0] + box[2] / 2)


def test_every_view_is_a_complete_pair_of_its_modalities(phantoms):
    counts = phantoms[2].info['counts']
    assert counts['sm_ffdm_pairs_complete'] == counts['images_SM'] == counts['images_FFDM'] > 0
    assert counts['sm_ffdm_pairs_missing'] == counts['sm_ffdm_pairs_ambiguous'] == 0


def test_release_goes_through_the_commands(phantoms, tmp_path, capsys):
    _, folder, _ = phantoms
    out = tmp_path / 't-synth.json'
    options = ['--strict', '--check-images', 'all', '--no-progress']
    assert main(['convert', 't-synth', str(folder), str(out), *options]) == 0
    assert len(read_annotations(out).images) == len(phantoms[2].images)
    assert main(['audit', str(out), '--no-progress', '--workers', '0']) == 0
    assert '0 errors' in capsys.readouterr().out


def test_seed_decides_the_release(phantoms, tmp_path):
    source, folder, _ = phantoms
    names = []
    for name, seed in (('a', 3), ('b', 4)):
        (tmp_path / name).mkdir()
        write_t_synth(source.folder, tmp_path / name, source.images, source.findings, seed=seed)
        files = [path for path in (tmp_path / name).rglob('*') if path.is_file()]
        names.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert names[0] == {p.relative_to(folder): p.read_bytes() for p in folder.rglob('*') if p.is_file()} != names[1]
