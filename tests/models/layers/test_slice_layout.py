import torch

from mammo_plugins.models.layers import SliceLayout
from tests.models.small_cases import SmallView, make_cases

LAYOUT = SliceLayout(slice_counts=(1, 3, 2, 3), partners=(1, 0, -1, -1))


def test_layout_of_a_batch_with_one_and_two_views():
    cases = make_cases([[SmallView(1), SmallView(3)], [SmallView(2)], [SmallView(3)]])
    assert SliceLayout.from_cases(cases) == LAYOUT


def test_partners_point_at_each_other_inside_a_breast():
    cases = make_cases([[SmallView()], [SmallView(), SmallView()], [SmallView(), SmallView()]])
    assert SliceLayout.from_cases(cases).partners == (-1, 2, 1, 4, 3)


def test_groups_hold_each_view_once_by_slice_count():
    assert sorted(LAYOUT.groups()) == [[0], [1, 3], [2]]


def test_counts():
    assert (LAYOUT.num_views, LAYOUT.num_slice_images) == (4, 9)


def test_slice_images_follow_one_another_view_by_view():
    assert LAYOUT.slice_images_of([1, 3]) == [1, 2, 3, 6, 7, 8]
    assert LAYOUT.slice_images_of(range(4)) == list(range(9))


def test_boxes_repeat_on_every_slice_of_their_view():
    boxes = torch.arange(4 * 2 * 4.0).reshape(4, 2, 4)  # four views, two proposals
    rois = LAYOUT.rois(boxes, [1, 3])
    expected = [
        [image, *boxes[view, proposal].tolist()]
        for view, images in ((1, [1, 2, 3]), (3, [6, 7, 8]))
        for image in images
        for proposal in range(2)
    ]
    assert rois.tolist() == expected
