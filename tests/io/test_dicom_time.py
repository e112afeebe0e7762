"""Times of day as headers write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.io.dicom_tags import DicomTags
from mammo_plugins.io.dicom_time import read_acquisition_time
from tests.io.dicom_builder import item


@pytest.mark.parametrize(
    ('elements', 'seconds'),
    [
        ({}, None),
        ({'AcquisitionTime': '093005'}, 34205.0),
        ({'AcquisitionTime': '093005.250000'}, 34205.25),
        ({'AcquisitionTime': '09:30:05'}, 34205.0),
        ({'AcquisitionTime': '0930'}, 34200.0),
        ({'SeriesTime': '10'}, 36000.0),
        ({'AcquisitionTime': '093005', 'SeriesTime': '10'}, 34205.0),
        ({'AcquisitionTime': 'noon', 'SeriesTime': '10'}, 36000.0),
        ({'AcquisitionTime': '2961'}, None),
    ],
)
def test_time_of_day_is_read_in_seconds(elements, seconds):
    assert read_acquisition_time(DicomTags(Path('x.dcm'), item(**elements))) == seconds
