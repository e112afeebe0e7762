"""Vendor styles."""

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.presentation import present_projection, present_slice
from mammo_plugins.datasets.phantom.tissue import GLANDULAR, ViewTissue
from mammo_plugins.datasets.phantom.vendor_style import VENDOR_STYLES, vendor_style


@pytest.mark.parametrize('code', VENDOR_STYLES)
def test_tone_curves_keep_order_and_range(code):
    tones = VENDOR_STYLES[code].apply_tone(np.linspace(-0.2, 1.2, 200, dtype=np.float32))
    assert (np.diff(tones) >= -1e-6).all()
    assert tones.min() == 0
    assert tones.max() == pytest.approx(1)


def test_vendors_differ_in_every_aspect_of_an_image():
    styles = VENDOR_STYLES.values()
    assert len({style.manufacturer for style in styles}) == 6
    assert len({(style.gamma, style.contrast) for style in styles}) == 6
    assert len({style.noise for style in styles}) == 6
    assert len({style.sharpen for style in styles}) == 6
    assert {style.dbt_bits for style in styles} | {style.ffdm_bits for style in styles} == {10, 11, 12, 13, 14}
    assert sum(style.inverted_ffdm for style in styles) == 1
    assert len({style.ffdm_syntax for style in styles}) == 3


def test_vendors_show_one_slice_differently_but_in_the_same_places(views, imaging):
    view = views['CC']
    image = ViewTissue(view, imaging, np.random.default_rng(0)).slice(8) * 0.5
    shown = {code: present_slice(image, view, style) / (2**style.dbt_bits - 1) for code, style in VENDOR_STYLES.items()}
    for code, pixels in shown.items():
        if code != 'A':
            assert np.abs(pixels - shown['A']).max() > 0.02
            assert np.corrcoef(pixels.ravel(), shown['A'].ravel())[0, 1] > 0.9


@pytest.mark.parametrize('code', VENDOR_STYLES)
def test_stored_values_fill_the_bits_and_air_is_0(views, imaging, code):
    view, style = views['MLO'], VENDOR_STYLES[code]
    tissue = ViewTissue(view, imaging, np.random.default_rng(0))
    image = sum(tissue.slice(index) for index in range(tissue.num_slices))
    pixels = present_projection(image, view, style)
    assert pixels.dtype == np.uint16
    assert 0.7 * 2**style.ffdm_bits < pixels.max() < 2**style.ffdm_bits
    assert not pixels[view.skin_distance_mm == 0].any()


def test_the_window_of_slices_is_fixed(views):
    view, style = views['CC'], vendor_style('B')
    flat = np.full((128, view.columns_used), 0.3 * GLANDULAR, dtype=np.float32)
    deep = view.skin_distance_mm[:, : view.columns_used] > 10
    assert len(np.unique(present_slice(flat, view, style)[:, : view.columns_used][deep])) == 1


def test_unknown_vendor_is_named():
    with pytest.raises(ValueError, match="unknown vendor 'G'"):
        vendor_style('G')
