"""What the tasks of MSVCL v2 do to images before the network: pixels of one size, squares, crops of findings."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.datasets.transforms import CropFinding, ResamplePixels, ResizeToSquare
from mammo_plugins.structures.geometry import project_boxes

BOXES = [[10, 20, 30, 30], [40, 50, 60, 90]]


@pytest.fixture(name='view')
def view_fixture(make_view, breast):
    return make_view(breast(120, 80)[None], boxes=BOXES, modality='FFDM', spacing_mm=(0.2, 0.1))


def back(view):
    """Boxes of a view in stored pixels."""
    return project_boxes(view['gt_bboxes'], np.linalg.inv(view['homography_matrix']))


def test_pixels_become_as_long_as_asked_for(view):
    ResamplePixels(0.1).transform(dict(views=[view]))
    assert view['img'].shape == (1, 240, 80) and view['img'].dtype == np.float32
    np.testing.assert_allclose(view['gt_bboxes'][0], [10, 40, 30, 60])
    np.testing.assert_allclose(back(view), BOXES, rtol=1e-6)


def test_pixels_of_unknown_size(view):
    view['spacing_mm'] = None
    with pytest.raises(ValueError, match=r'breast\.png: .* set unknown_mm'):
        ResamplePixels(0.1).transform(dict(views=[view]))
    ResamplePixels(0.1, unknown_mm=0.05).transform(dict(views=[view]))
    assert view['img_shape'] == (60, 40)


def test_resized_images_are_not_resampled(view):
    with pytest.raises(ValueError, match='leave ResizeBreast out'):
        ResamplePixels(0.1).transform(dict(views=[ResizeToSquare(32).transform(view)]))


def test_squares_hold_the_whole_image(view):
    view['img'] = (view['img'] * 65535).astype(np.uint16)
    ResizeToSquare(32).transform(view)
    assert view['img'].shape == (1, 32, 32) and view['img'].dtype == np.uint16
    np.testing.assert_allclose(back(view), BOXES, rtol=1e-6)


def test_crop_is_the_square_around_the_largest_finding(view):
    whole = view['img'][0].copy()
    CropFinding(size=48, margin=0.2).transform(dict(views=[view]))
    # 20 x 40 around (50, 70): a square of 48 pixels from (26, 46), which is shown as it is.
    np.testing.assert_array_equal(view['img'][0], whole[46:94, 26:74])
    np.testing.assert_allclose(view['finding_xyxy'], BOXES[1])
    np.testing.assert_allclose(view['gt_bboxes'], [[14, 4, 34, 44]])  # the other finding is not in it


def test_crop_takes_in_air_at_the_border(view):
    view['gt_bboxes'] = np.array([[0, 50, 20, 90]], np.float32)
    for name in ('gt_bboxes_labels', 'gt_slices', 'gt_slice_ranges', 'gt_lesion_ids'):
        view[name] = view[name][:1]
    whole = view['img'][0].copy()
    CropFinding(size=24, margin=0.2).transform(dict(views=[view]))
    left = (24 - 10) // 2  # of 48 pixels from -14, at half size
    assert not view['img'][0, :, :left].any()
    expected = whole[46:94, :34].reshape(24, 2, 17, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(view['img'][0, :, left:], expected, rtol=1e-5)
    np.testing.assert_allclose(back(view), [[0, 50, 20, 90]], atol=1e-5)


def test_of_equal_findings_the_first_is_taken(view):
    view['gt_bboxes'] = np.array([[10, 20, 30.00001, 40], [40, 50, 60.00002, 70]], np.float32)
    CropFinding(size=24).transform(dict(views=[view]))
    np.testing.assert_allclose(view['finding_xyxy'], [10, 20, 30, 40], atol=1e-3)


def test_view_without_finding_is_air(make_view, breast):
    view = make_view(breast(120, 80)[None])
    CropFinding(size=24).transform(dict(views=[view]))
    assert view['img'].shape == (1, 24, 24) and not view['img'].any() and view['finding_xyxy'] is None


TABLE = """PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score
P1,S1,LCC,10,20,20,10,0,1,0.5
P1,S1,lcc,40,20,50,40,0,1,0.9
P1,S1,lcc,0,20,0,40,0,1,0.9
P2,S1,lcc,,,,,,,
"""


def test_crop_is_around_the_best_box_of_a_table(view, tmp_path):
    (tmp_path / 'found.csv').write_text(TABLE)
    view['gt_bboxes'] = view['gt_bboxes'][:0]
    for name in ('gt_bboxes_labels', 'gt_slices', 'gt_slice_ranges', 'gt_lesion_ids'):
        view[name] = view[name][:0]
    other = {**view, 'patient_id': 'P2'}
    crop = CropFinding(size=48, boxes=tmp_path / 'found.csv')
    crop.transform(dict(views=[view, other]))
    np.testing.assert_allclose(view['finding_xyxy'], BOXES[1])
    assert other['finding_xyxy'] is None


def test_tables_that_are_none_are_refused(view, tmp_path):
    with pytest.raises(FileNotFoundError, match='run mammo predict or test first'):
        CropFinding(boxes=tmp_path / 'found.csv')
    (tmp_path / 'labels.csv').write_text('PatientID,StudyUID,View,malignant\nP1,S1,lcc,0.5\n')
    with pytest.raises(ValueError, match='is no table of predictions: it lacks X'):
        CropFinding(boxes=tmp_path / 'labels.csv').transform(dict(views=[view]))
    (tmp_path / 'broken.csv').write_text(TABLE.replace('0.5', 'high'))
    with pytest.raises(ValueError, match=r'broken\.csv, line 2'):
        CropFinding(boxes=tmp_path / 'broken.csv').transform(dict(views=[view]))


@pytest.mark.parametrize(
    ('kind', 'arguments'),
    [(ResamplePixels, dict(pixel_mm=0)), (ResizeToSquare, dict(size=0)), (CropFinding, dict(margin=-1))],
)
def test_values_out_of_range_are_refused(kind, arguments):
    with pytest.raises(ValueError, match='must be|out of range'):
        kind(**arguments)
