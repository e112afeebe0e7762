import numpy as np
import pytest

from mammo_plugins.datasets.grey_values import from_grey_values, to_grey_values


@pytest.mark.parametrize('bits', [8, 10, 14, 16])
def test_no_level_of_a_detector_is_lost(bits):
    levels = np.linspace(0, 1, 2**bits, dtype=np.float32)
    grey = to_grey_values(levels)
    assert grey.dtype == np.uint16 and (grey[0], grey[-1]) == (0, 65535)
    assert len(np.unique(grey)) == len(levels)
    np.testing.assert_allclose(from_grey_values(grey), levels, atol=0.5 / 65535 + 1e-7)


def test_grey_values_come_back_as_they_were():
    grey = np.arange(65536, dtype=np.uint16).reshape(4, 128, 128)
    intensities = from_grey_values(grey)
    assert intensities.dtype == np.float32 and (intensities.min(), intensities.max()) == (0, 1)
    np.testing.assert_array_equal(to_grey_values(intensities), grey)


@pytest.mark.parametrize('wrong', [-0.01, 1.01, np.nan, np.inf])
def test_what_is_no_intensity_is_refused(wrong):
    with pytest.raises(ValueError, match=r'must lie in \[0, 1\], got'):
        to_grey_values(np.array([0.5, wrong], np.float32))
