"""EMBED: times of exposure, which tell images of a repeated view apart."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.datasets.converters.embed import convert_embed
from mammo_plugins.datasets.converters.tabled_time import read_row_time_s
from mammo_plugins.io import write_annotations
from mammo_plugins.io.csv_table import TableRow
from tests.datasets.converters.embed_release import EmbedRelease, header_only


@pytest.mark.parametrize(
    ('values', 'seconds'),
    [
        ({'AcquisitionTime': '093012'}, 34212.0),
        ({'AcquisitionTime': '93012.0'}, 34212.0),  # as pandas leaves it
        ({'AcquisitionTime': '93012.25', 'SeriesTime': '93000'}, 34212.25),
        ({'AcquisitionTime': '', 'SeriesTime': '143005'}, 52205.0),
        ({'AcquisitionTime': '5.0'}, 5.0),
        ({'AcquisitionTime': '0930'}, 34200.0),
        ({'AcquisitionTime': '996012', 'SeriesTime': 'nan'}, None),
        ({}, None),
    ],
)
def test_time_of_a_row_is_read_although_it_was_taken_for_a_number(values, seconds):
    assert read_row_time_s(TableRow('table line 2', values)) == seconds


@pytest.fixture
def release(tmp_path):
    release = EmbedRelease(tmp_path / 'embed')
    release.add_finding(11, 'L')
    return release


def pairs(release, tmp_path):
    """Times of the images that are read together as SM and FFDM of a view."""
    annotations = convert_embed(release.write(), workers=0, show_progress=False)
    write_annotations(tmp_path / 'ann.json', annotations)
    dataset = CaseDataset(str(tmp_path / 'ann.json'), ['SM', 'FFDM'], group_by='modalities', incomplete='drop')
    times = {image.id: image.acquisition_time_s for image in annotations.images}
    return [
        [times[view['image_id']] for view in case['views']] for case in map(dataset.get_data_info, range(len(dataset)))
    ]


def test_images_nearest_in_time_by_the_table_are_read_together(release, tmp_path):
    for kind, time in (('2D', '90000.0'), ('2D', '101500.0'), ('cview', '101502.0'), ('cview', '90003.0')):
        release.add(kind=kind, AcquisitionTime=time)
    assert sorted(pairs(release, tmp_path)) == [[32403.0, 32400.0], [36902.0, 36900.0]]


def test_headers_are_asked_where_the_table_has_no_time_and_a_view_repeats(release, tmp_path):
    for kind, time in (('2D', '090000'), ('2D', '101500'), ('cview', '101502'), ('cview', '090003')):
        release.add(kind=kind, dataset=header_only(AcquisitionTime=time))
    assert sorted(pairs(release, tmp_path)) == [[32403.0, 32400.0], [36902.0, 36900.0]]


def test_files_stay_closed_where_no_view_repeats(release):
    release.add()
    release.add(kind='cview')
    annotations = convert_embed(release.write(), workers=0, show_progress=False)
    assert [image.acquisition_time_s for image in annotations.images] == [None, None]
    assert 'images_without_time' not in annotations.info['counts']


def test_file_that_does_not_tell_is_kept_and_noted(release):
    release.add()
    release.add(dataset=header_only(AcquisitionTime='090000'))
    annotations = convert_embed(release.write(), workers=0, show_progress=False)
    assert [image.acquisition_time_s for image in annotations.images] == [None, 32400.0]
    assert annotations.info['counts']['images_without_time'] == 1
