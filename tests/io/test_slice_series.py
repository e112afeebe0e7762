"""Names of volumes whose slices lie among other files."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.source_digest import digest_source
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import ct_slices, mammogram, save

VOLUME = np.arange(3 * 6 * 5, dtype=np.uint16).reshape(3, 6, 5)


@pytest.fixture(name='folder')
def folder_fixture(tmp_path):
    """Series 1.1 of one volume and series 1.2 of two acquisitions, beside a mammogram."""
    save(mammogram(), tmp_path / 'a.dcm')
    for series, acquisition in (('1.1', None), ('1.2', 7), ('1.2', 3)):
        changes = dict(SeriesInstanceUID=series, AcquisitionNumber=acquisition)
        for number, part in enumerate(ct_slices(VOLUME + np.uint16(100 * (acquisition or 0)), **changes)):
            save(part, tmp_path / 'sub' / f'{series}_{acquisition}_{number}.dcm')
    return tmp_path


@pytest.mark.parametrize(('name', 'added'), [('1.1', 0), ('1.2+1', 300), ('1.2+2', 700)])
def test_series_is_opened_by_its_name_and_acquisitions_by_their_order(folder, name, added):
    source = open_image(folder / f'{name}.series')
    stored = np.stack([np.round(pixels * 4095) for pixels in source.iter_slices(voi='none')])
    np.testing.assert_array_equal(stored, VOLUME + added)


@pytest.mark.parametrize(
    ('name', 'reason'),
    [('1.9', 'no slice of this series'), ('1.2', 'holds 2 volumes: name one'), ('1.2+3', 'none of this number')],
)
def test_name_that_means_no_volume_is_refused(folder, name, reason):
    with pytest.raises(UnreadableImageError, match=reason):
        open_image(folder / f'{name}.series')


def test_digest_is_that_of_the_slices_alone(folder):
    before = digest_source(folder / '1.1.series')
    save(mammogram(PatientID='other'), folder / 'b.dcm')
    assert digest_source(folder / '1.1.series') == before
    (folder / 'sub' / '1.1_None_0.dcm').write_bytes((folder / 'sub' / '1.1_None_1.dcm').read_bytes())
    assert digest_source(folder / '1.1.series') != before
