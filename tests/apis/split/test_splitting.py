"""Other splits by patient, through the command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations, write_annotations


@pytest.fixture(name='ann_file')
def ann_file_fixture(tmp_path):
    images = [
        ImageRecord(2 * p + n + 1, f'{p}{view}.dcm', 64, 96, 1, f'p{p}', 's', view, 'FFDM', split='train')
        for p in range(20)
        for n, view in enumerate(('L-CC', 'R-CC'))
    ]
    path = tmp_path / 'data/all.json'
    path.parent.mkdir()
    write_annotations(path, AnnotationSet(images, [], {'root': 'images'}))
    return path


@pytest.mark.parametrize(('shares', 'patients'), [((0.8, 0.1, 0.1), (16, 2, 2)), ((0.6, 0.2, 0.2), (12, 4, 4))])
def test_patients_are_dealt_out_by_the_shares(shares, patients, ann_file, tmp_path, capsys):
    out = tmp_path / 'splits/all.json'
    assert main(['split', str(ann_file), str(out), '--shares', *map(str, shares)]) == 0
    names = ('train', 'validation', 'test')
    said = capsys.readouterr().out.splitlines()
    assert said == [f'{name}: {count} patients, {2 * count} images' for name, count in zip(names, patients)]
    before, after = read_annotations(ann_file), read_annotations(out)
    of_patient = {image.patient_id: set() for image in after.images}
    for image in after.images:
        of_patient[image.patient_id].add(image.split)
    assert all(len(splits) == 1 for splits in of_patient.values())
    assert [replace(image, split='train') for image in after.images] == before.images
    paths = [(one.resolve_path(image).resolve()) for one in (before, after) for image in one.images]
    assert paths[: len(before.images)] == paths[len(before.images) :]


def test_seed_decides_who_is_where(ann_file, tmp_path):
    splits = []
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        out = tmp_path / f'{name}.json'
        assert main(['split', str(ann_file), str(out), '--shares', '0.8', '0.1', '0.1', '--seed', str(seed)]) == 0
        splits.append([image.split for image in read_annotations(out).images])
    assert splits[0] == splits[1] != splits[2]


def test_shares_that_do_not_sum_to_one_are_refused(ann_file, tmp_path, capsys):
    assert main(['split', str(ann_file), str(tmp_path / 'x.json'), '--shares', '8', '1', '1']) == 2
    assert 'are not three numbers that sum to 1' in capsys.readouterr().err
