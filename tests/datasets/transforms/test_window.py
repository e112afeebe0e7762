import numpy as np
import pytest

from mammo_plugins.datasets.transforms import CutWindow


def image_with(shape, *parts):
    """(1, H, W) uint16, bright in the given rows and columns."""
    img = np.zeros((1, *shape), np.uint16)
    for rows, columns in parts:
        img[0, slice(*rows), slice(*columns)] = 40000
    return img


def cut(make_view, img, view, boxes=(), **sides):
    return CutWindow(**sides)(make_view(img, [*boxes], view=view))


def corner(view):
    """Row and column of the image at which the window begins."""
    return [-float(view['homography_matrix'][1, 2]), -float(view['homography_matrix'][0, 2])]


def test_craniocaudal_window_ends_at_the_breast_and_takes_the_rows_with_most_of_it(make_view):
    img = image_with((100, 90), ((50, 90), (0, 70)), ((10, 50), (0, 30)))
    view = cut(make_view, img, 'L-CC', height=50, width=40)
    assert corner(view) == [40, 30]  # rows 40..90 hold all of the wide part, and ten rows beyond it that begin at 30
    np.testing.assert_array_equal(view['img'], img[:, 40:90, 30:70])


def test_equally_good_rows_are_those_nearest_the_middle(make_view):
    view = cut(make_view, image_with((100, 60), ((0, 100), (0, 30))), 'R-CC', height=40, width=50)
    assert corner(view) == [30, 0]


def test_upper_third_does_not_tell_where_the_breast_ends(make_view):
    img = image_with((90, 80), ((0, 90), (0, 50)), ((0, 20), (50, 75)))
    assert corner(cut(make_view, img, 'L-CC', height=90, width=40)) == [0, 10]


def test_oblique_window_is_the_lower_right_corner(make_view):
    img = np.random.default_rng(0).integers(0, 65536, (1, 100, 90), np.uint16)
    view = cut(make_view, img, 'L-MLO', height=50, width=40)
    np.testing.assert_array_equal(view['img'], img[:, 50:, 50:])
    assert corner(view) == [50, 50]


@pytest.mark.parametrize(('view', 'above'), [('L-CC', 2), ('R-MLO', 0)])
def test_smaller_images_get_air(make_view, view, above):
    img = np.random.default_rng(0).integers(1, 65536, (1, 45, 30), np.uint16)
    found = cut(make_view, img, view, boxes=[(3, 4, 20, 30)], height=50, width=40)
    np.testing.assert_array_equal(found['img'][:, above : above + 45, :30], img)
    assert found['img'].sum() == img.sum() and found['img_shape'] == (50, 40)
    np.testing.assert_array_equal(found['gt_bboxes'], [[3, 4 + above, 20, 30 + above]])


def test_findings_that_the_window_cuts_off_are_counted(make_view):
    img = image_with((100, 90), ((0, 100), (0, 90)))
    view = cut(make_view, img, 'L-MLO', boxes=[(0, 0, 10, 10), (45, 45, 60, 60)], height=50, width=40)
    assert (view['num_findings_lost'], view['num_findings_clipped']) == (1, 1)
    np.testing.assert_array_equal(view['gt_bboxes'], [[0, 0, 10, 10]])


def test_image_of_air_is_cut_at_its_middle(make_view):
    assert corner(cut(make_view, image_with((100, 90)), 'L-CC', height=50, width=40)) == [25, 50]


def test_sides_of_nothing_are_refused():
    with pytest.raises(ValueError, match='width=0'):
        CutWindow(width=0)
