"""Landmarks of views: annotated first, estimated where nothing is annotated, shaken on request."""

import numpy as np
import pytest

from mammo_plugins.datasets.transforms import LocateLandmarks
from mammo_plugins.structures.breast_landmarks import ANNOTATED, ESTIMATED
from mammo_plugins.structures.geometry import scale_homography

POINTS = dict(nipple_xy=(50.0, 40.0), chest_wall_xyxy=(0.0, 0.0, 0.0, 90.0), spacing_mm=(2.0, 2.0))


def located(view, **options):
    return LocateLandmarks(**options).transform({'views': [view]})['views'][0]['landmarks']


def test_annotated_points_are_taken_as_they_are(breast, make_view):
    found = located(make_view(breast()[None], **POINTS))
    assert (found.nipple_xy, found.nipple_source, found.chest_wall_source) == ((50.0, 40.0), ANNOTATED, ANNOTATED)


def test_missing_points_are_estimated_in_stored_pixels(breast, make_view):
    pixels = breast(192, 128)
    view = make_view(pixels[None], spacing_mm=(1.0, 1.0), homography_matrix=scale_homography(0.5, 0.5))
    found = located({**view, 'nipple_xy': (250.0, 190.0)})
    assert (found.nipple_source, found.chest_wall_source) == (ANNOTATED, ESTIMATED)
    estimated = located({**view, 'nipple_xy': (250.0, 190.0)}, sources=['estimated'])
    assert estimated.nipple_source == ESTIMATED
    np.testing.assert_allclose(estimated.nipple_xy, (2 * 0.7 * 128, 192), atol=4)


def test_errors_depend_on_image_and_seed_alone(breast, make_view):
    view = make_view(breast()[None], **POINTS)
    first = located(view, noise_mm=6.0)
    assert first == located(view, noise_mm=6.0) != located(view, noise_mm=6.0, seed=1)
    assert first != located({**view, 'image_id': 2}, noise_mm=6.0)


def test_what_is_missing_is_named(breast, make_view):
    view = make_view(breast()[None])
    with pytest.raises(ValueError, match='breast.png: the size of its pixels is not known: give pixel_mm'):
        located(view)
    assert located(view, pixel_mm=2.0).nipple_source == ESTIMATED
    with pytest.raises(ValueError, match="breast.png: no annotated nipple and chest wall: add 'estimated'"):
        located(view, pixel_mm=1.0, sources=['annotated'])
    with pytest.raises(ValueError, match='breast.png: no breast found'):
        located(make_view(np.zeros((1, 64, 48)), spacing_mm=(1.0, 1.0)))
    with pytest.raises(ValueError, match='sources is a list'):
        LocateLandmarks(sources='estimated')
