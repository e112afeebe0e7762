"""Converting by name: the written file, where its paths start, and the summary."""

from __future__ import annotations

import shutil

import pytest

from mammo_plugins.apis.convert.dataset import convert_dataset, print_summary
from mammo_plugins.io import read_annotations
from tests.datasets.converters.bcs_dbt_release import BcsDbtRelease


@pytest.fixture
def src(tmp_path):
    release = BcsDbtRelease(tmp_path / 'home' / 'BCS-DBT')
    release.add(1, label='cancer')
    release.add_box(1)
    return release.write()


def test_written_file_holds_what_is_returned(src, tmp_path):
    out = tmp_path / 'elsewhere' / 'ann.json'
    returned = convert_dataset('bcs-dbt', src, out, show_progress=False)
    assert read_annotations(out) == returned
    assert returned.resolve_path(returned.images[0]).is_file()


@pytest.mark.parametrize('place', ['home/BCS-DBT/ann.json', 'home/BCS-DBT/annotations/ann.json', 'home/ann.json'])
def test_file_beside_the_data_can_be_moved_with_it(src, tmp_path, place):
    convert_dataset('bcs-dbt', src, tmp_path / place, show_progress=False)
    shutil.move(tmp_path / 'home', tmp_path / 'moved')
    annotations = read_annotations(tmp_path / place.replace('home', 'moved'))
    assert annotations.resolve_path(annotations.images[0]).is_file()


def test_file_elsewhere_can_be_moved_alone(src, tmp_path):
    convert_dataset('bcs-dbt', src, tmp_path / 'elsewhere' / 'ann.json', show_progress=False)
    shutil.move(tmp_path / 'elsewhere' / 'ann.json', tmp_path / 'ann.json')
    annotations = read_annotations(tmp_path / 'ann.json')
    assert annotations.resolve_path(annotations.images[0]).is_file()


def test_unknown_data_set_lists_the_known_ones(src, tmp_path):
    with pytest.raises(ValueError, match="unknown data set 'duke': expected one of bcs-dbt, cbis-ddsm, "):
        convert_dataset('duke', src, tmp_path / 'ann.json')


def test_summary_shows_counts_and_the_first_reasons(src, tmp_path, capsys):
    release = BcsDbtRelease(src)
    release.add(1, label='cancer')
    for row in range(12):
        release.add_box(9, box=(row, 1, 2, 2))
    annotations = convert_dataset('bcs-dbt', release.write(), tmp_path / 'ann.json', show_progress=False)
    print_summary(annotations, shown=2)
    text = capsys.readouterr().out
    assert 'unannotated_positives              1' in text and 'dropped_boxes                     12' in text
    assert text.count('left out: BCS-DBT-boxes-train.csv line') == 2
    assert 'left out: 10 more; all are listed under "info" in' in text
