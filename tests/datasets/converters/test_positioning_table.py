"""Nipples and pectoral lines of VinDr-Mammo, through the command."""

import csv

import pytest

from mammo_plugins.commands.convert_dataset import main
from mammo_plugins.io import read_annotations
from tests.datasets.converters.report_lines import lines
from tests.datasets.converters.vindr_mammo_release import HEIGHT, WIDTH, VindrMammoRelease

COLUMNS = ('StudyInstanceUID', 'SOPInstanceUID', 'annotationMode', 'labelName', 'data', 'height', 'width')
BOX, LINE = "{'x': 40.5, 'y': 90, 'width': 20, 'height': 30}", "{'vertices': [[34.5, -2.5], [0, 120]]}"


@pytest.fixture
def release(tmp_path):
    release = VindrMammoRelease(tmp_path / 'release')
    release.add('s1', 'L-MLO')
    release.add('s2', 'R-MLO', split='test')
    release.write()
    return release


def convert(release, tmp_path, rows, *options):
    table = tmp_path / 'positioning.csv'
    with table.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for uid, name, data, *size in rows:
            writer.writerow(('s', uid, '', name, data, *(size or (HEIGHT, WIDTH))))
    out = tmp_path / 'out.json'
    common = ['vindr-mammo', str(release.folder), str(out), '--check-images', '0', '--no-progress']
    assert main([*common, '--positioning', str(table), *options]) == 0
    return read_annotations(out)


def test_points_come_to_their_image_and_survive_the_file(release, tmp_path):
    annotations = convert(release, tmp_path, [('s1-L-MLO', 'Nipple', BOX), ('s1-L-MLO', 'Pectoralis', LINE)])
    first, second = annotations.images
    assert first.nipple_xy == (50.5, 105.0) and first.chest_wall_xyxy == (34.5, -2.5, 0.0, 120.0)
    assert second.nipple_xy is None and second.chest_wall_xyxy is None
    assert annotations.info['counts']['images_with_landmarks'] == 1


def test_unusable_rows_are_dropped_by_name(release, tmp_path):
    rows = [
        ('s1-L-MLO', 'Nipple', LINE), ('s1-L-MLO', 'Nipple', '__import__("os")'), ('nobody', 'Nipple', BOX),
        ('s1-L-MLO', 'Areola', BOX), ('s1-L-MLO', 'Nipple', BOX, 7.0, 7.0), ('s1-L-MLO', 'Pectoralis', LINE),
        ('s1-L-MLO', 'Pectoralis', LINE), ('s1-L-MLO', 'Nipple', "{'x': 1, 'y': None, 'width': 2, 'height': 3}"),
    ]  # fmt: skip
    annotations = convert(release, tmp_path, rows)
    dropped = [line for line in lines(annotations, 'dropped') if 'positioning.csv' in line]
    assert len(dropped) == 7 and annotations.images[0].nipple_xy is None
    assert any('no image nobody' in line for line in dropped) and any('a second Pectoralis' in line for line in dropped)


def test_rows_of_images_that_were_not_asked_for_are_no_fault(release, tmp_path):
    annotations = convert(release, tmp_path, [('s1-L-MLO', 'Nipple', BOX)], '--split', 'test')
    assert not [line for line in lines(annotations, 'dropped') if 'positioning.csv' in line]
