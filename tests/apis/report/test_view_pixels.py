"""Pixels of stored images in the page, and how much of them is kept."""

from __future__ import annotations

import base64
import json
import re
import zlib

import numpy as np
import pytest

from mammo_plugins.apis.report.view_pixels import KeptPixels, read_view_pixels
from mammo_plugins.apis.stored_images import open_canonical
from mammo_plugins.commands.report import main
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, write_annotations
from tests.io.dicom_builder import dbt_volume, mammogram, save, stored_breast

HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score'


def record(number, view='L-CC', slices=1, **changes):
    given = dict(patient_id='p1', study_uid='s1', modality='DBT' if slices > 1 else 'FFDM', spacing_mm=(0.1, 0.1))
    given['labels'] = {'malignant': int(number == 1), 'benign': 0}
    return ImageRecord(number, f'{number}.dcm', 64, 80, slices, view=view, **(given | changes))


def open_pixels(tmp_path, image, dataset, **kept):
    save(dataset, tmp_path / image.file_name)
    annotations = AnnotationSet([image], [], {'root': str(tmp_path)})
    return read_view_pixels(*open_canonical(annotations, image), image, KeptPixels(**kept))


def side(view, **elements):
    return mammogram(stored_breast(view[0]), ImageLaterality=view[0], WindowCenter=1500, WindowWidth=3000, **elements)


def test_mammogram_keeps_its_stored_values_with_the_chest_wall_at_the_left(tmp_path):
    left = open_pixels(tmp_path, record(1), side('L-CC'))
    np.testing.assert_array_equal(left.frames[0], stored_breast('L'))
    right = open_pixels(tmp_path, record(2, 'R-CC'), side('R-CC'))
    np.testing.assert_array_equal(right.frames[0], stored_breast('R')[:, ::-1])
    assert (right.reduction, right.slice_ranges, right.scale.background) == (1, [(0, 0)], 0)


def test_volume_keeps_all_slices_reduced_by_a_whole_number(tmp_path):
    pixels = np.stack([stored_breast('L', top=1000 * slices) for slices in (1, 2, 3, 4)])
    volume = dbt_volume(pixels, ImageLaterality='L')
    found = open_pixels(tmp_path, record(1, slices=4), volume, slice_height=30)
    assert (found.reduction, found.frames.shape) == (3, (4, 27, 22))
    assert found.slice_ranges == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert (np.diff(found.frames.max(axis=(1, 2)).astype(int)) > 500).all()
    fewer = open_pixels(tmp_path, record(1, slices=4), volume, max_slices=2, slice_height=0)
    assert fewer.frames.shape == (2, 80, 64) and fewer.slice_ranges == [(0, 1), (2, 3)]


def test_many_images_are_kept_smaller():
    images = [record(number, slices=1) for number in range(10)] + [record(20, slices=50)]
    kept = KeptPixels().within(images, 20_000)
    assert sum(map(kept.num_pixels, images)) <= 20_000 < sum(map(KeptPixels().num_pixels, images))
    assert KeptPixels().within(images, 10**9) == KeptPixels()


def test_negative_height_is_refused(tmp_path, capsys):
    arguments = ['--ann', str(tmp_path / 'a.json'), '--out', str(tmp_path / 'a.html'), '--slice-height', '-1']
    (tmp_path / 'found.csv').write_text(f'{HEADER}\n')
    assert main([str(tmp_path / 'found.csv'), *arguments]) == 2
    assert 'slice_height is -1: give the largest number' in capsys.readouterr().err


@pytest.fixture(name='exams')
def exams_fixture(tmp_path):
    """A patient with both breasts in one study and one of them in another; another patient."""
    images = [
        record(1, 'R-CC'), record(2), record(3, study_uid='s0'), record(4, patient_id='p2'),
    ]  # fmt: skip
    for image in images:
        save(side(image.view), tmp_path / image.file_name)
    findings = [FindingRecord(1, 'malignant', (4, 10, 8, 10), 0, lesion_id='a')]
    write_annotations(tmp_path / 'ann.json', AnnotationSet(images, findings, {'root': ''}))
    (tmp_path / 'found.csv').write_text(f'{HEADER}\np1,s1,rcc,4,8,10,10,0,1,0.75\n')
    return tmp_path


def cases_of(folder, *arguments):
    page = folder / 'report.html'
    given = ['--ann', str(folder / 'ann.json'), '--out', str(page), *arguments]
    assert main([str(folder / 'found.csv'), *given]) == 0
    text = page.read_text()
    return text, json.loads(re.search('id="report-data">(.*?)</script>', text).group(1))['cases']


def test_page_holds_the_stored_pixels_and_what_a_viewer_needs(exams):
    text, cases = cases_of(exams, '--cases', '1')
    ((view,),) = [case['views'] for case in cases]
    assert (view['modality'], view['spacing'], view['size']) == ('FFDM', [0.1, 0.1], [64, 80])
    assert (view['planes']['top'], view['planes']['breadth']) == (4095, 2999)
    assert view['truth'][0]['lesion'] == 'a'
    packed = zlib.decompress(base64.b64decode(re.search('id="plane-0-0">(.*?)<', text).group(1)))
    low, high = np.frombuffer(packed, np.uint8).reshape(2, 80, 64).astype(int)
    steps = (low + 256 * high) >> 1
    steps = np.where((low & 1) == 1, -steps - 1, steps)
    np.testing.assert_array_equal(np.cumsum(steps, axis=1), stored_breast('R'))  # hung as it is stored


def test_whole_studies_bring_the_other_breast_and_other_studies(exams):
    _, cases = cases_of(exams, '--cases', '1', '--whole-studies')
    assert sorted(case['id'] for case in cases) == ['p1 / s0 / L', 'p1 / s1 / L', 'p1 / s1 / R']
    assert {(case['patient'], case['study']) for case in cases} == {('p1', 's1'), ('p1', 's0')}


def test_images_of_the_page_may_be_kept_smaller(exams):
    _, cases = cases_of(exams, '--cases', '1', '--image-height', '20')
    assert cases[0]['views'][0]['planes']['height'] == 20
