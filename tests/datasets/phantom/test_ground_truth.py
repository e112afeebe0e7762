"""Boxes, slices and masks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.findings import FindingShape
from mammo_plugins.datasets.phantom.ground_truth import StoredOrientation, describe_finding
from mammo_plugins.datasets.phantom.lesion_rendering import render_finding


@pytest.mark.parametrize(('mirrored', 'rotated'), list(itertools.product([False, True], repeat=2)))
def test_a_turned_box_covers_the_turned_pixels(mirrored, rotated):
    image = np.zeros((3, 20, 30), dtype=int)
    image[:, 4:9, 6:16] = 1
    orientation = StoredOrientation(mirrored, rotated)
    x, y, width, height = orientation.turn_box((6, 4, 10, 5), 30, 20)
    turned = orientation.turn(image)
    assert turned[:, y : y + height, x : x + width].sum() == image.sum()
    assert (width, height) == (10, 5)


def test_rotation_moves_the_chest_wall_to_the_other_side():
    image = np.zeros((10, 10))
    image[:3, :4] = 1
    assert StoredOrientation(False, True).turn(image)[-3:, -4:].all()
    assert StoredOrientation(True, True).turn(image)[-3:, :4].all()


@pytest.mark.parametrize('shape', list(FindingShape), ids=lambda shape: shape.value)
@pytest.mark.parametrize('position', ['CC', 'MLO'])
def test_box_covers_the_mask_with_a_small_margin(views, make_finding, shape, position):
    view = views[position]
    truth = describe_finding(render_finding(make_finding(shape), view), view, 0.4, 0.5)
    rows, columns = np.nonzero(truth.mask)
    x, y, width, height = truth.box_xywh
    assert 0 <= columns.min() - x <= 1
    assert 0 <= rows.min() - y <= 1
    assert 0 <= x + width - columns.max() - 1 <= 1
    assert 0 <= y + height - rows.max() - 1 <= 1


def test_best_slice_lies_in_the_visible_range_and_the_volume(views, make_finding):
    view = views['CC']
    truth = describe_finding(render_finding(make_finding(), view), view, 0.4, 0.5)
    assert 0 <= truth.first_slice <= truth.slice_index <= truth.last_slice < len(view.slice_z_mm)


def test_narrow_sweeps_make_findings_visible_in_more_slices(views, make_finding):
    view = views['CC']
    patch = render_finding(make_finding(), view)
    ranges = [describe_finding(patch, view, tangent, 0.5) for tangent in (0.5, 0.2)]
    assert ranges[1].last_slice - ranges[1].first_slice > ranges[0].last_slice - ranges[0].first_slice


def test_a_finding_that_covers_no_pixel_has_the_nearest_of_the_breast(views, make_finding):
    view = views['CC']
    patch = render_finding(make_finding(), view)
    covered = describe_finding(patch, view, 0.4, 0.5).mask
    truth = describe_finding(replace(patch, silhouette=np.zeros_like(patch.silhouette)), view, 0.4, 0.5)
    assert truth.mask.sum() == 1
    assert covered[truth.mask].all()
