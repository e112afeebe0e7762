"""Which findings are drawn, worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mammo_plugins.apis.figures.choice import choose_extremes, choose_rows, match_ranges
from mammo_plugins.apis.figures.models import ImageFindings
from mammo_plugins.apis.report.finding_hits import finding_hits
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord

TRUE_BOX = (10, 10, 20, 20)  # xywh
# Boxes xyxy with their IoU with the true box.
EXACT, HALF, THIRD, FIFTH = (10, 10, 30, 30), (10, 10, 30, 20), (20, 10, 40, 30), (10, 10, 30, 14)


def image(number, patient='p1', view='L-CC', modality='DBT', study='s1', num_slices=10):
    return ImageRecord(number, f'{number}.dcm', 50, 60, num_slices, patient, study, view, modality)


def malignant(image_id, slice_range=None, lesion_id=None, **changes):
    return FindingRecord(image_id, 'malignant', TRUE_BOX, 5, slice_range, lesion_id, **changes)


def found(record, boxes, scores, num_bins=4):
    count = len(boxes)
    weights = np.full((count, num_bins), 1 / num_bins)
    return ImageFindings(record, (0, 0), np.array(boxes, float), np.array(scores), np.full(count, 5), weights)


def model(annotations, by_image):
    return SimpleNamespace(annotations=annotations, by_image=by_image)


@pytest.mark.parametrize(('box', 'hit'), [(EXACT, True), (HALF, True), (THIRD, True), (FIFTH, False)])
def test_box_hits_by_overlap_of_a_quarter(box, hit):
    assert finding_hits(np.array([box], float), np.array([0]), [malignant(1)], 10, 'mm3d-2d').item() is hit


def test_match_is_the_highest_scoring_box_that_hits_and_not_the_closest():
    boxes, scores = [FIFTH, (0, 40, 9, 50), THIRD, EXACT, HALF], [0.9, 0.8, 0.7, 0.6, 0.5]
    assert found(image(1), boxes, scores).best_match(malignant(1)) == 2


def test_finding_that_nothing_hits_has_no_match():
    assert found(image(1), [FIFTH], [0.9]).best_match(malignant(1)) is None


@pytest.mark.parametrize(
    ('slice_range', 'bins'),
    [((0, 0), (0, 0)), ((4, 7), (1, 3)), ((5, 6), (2, 2)), ((2, 4), (1, 1)), ((0, 9), (0, 3))],
)
def test_visible_range_becomes_the_bins_that_hold_it(slice_range, bins):
    # Ten slices in four bins: 0-1, 2-4, 5-6 and 7-9.
    record = image(1)
    annotations = AnnotationSet([record], [malignant(1, slice_range)])
    (matched,) = match_ranges(model(annotations, {1: found(record, [EXACT], [0.9])}))
    assert matched.visible_bins == bins
    assert matched.width == bins[1] - bins[0] + 1


def test_findings_without_range_or_match_are_left_out():
    records = [image(number, view=view) for number, view in ((1, 'L-CC'), (2, 'L-MLO'), (3, 'R-CC'))]
    annotations = AnnotationSet(records, [malignant(1), malignant(2, (3, 4)), malignant(3, (3, 4))])
    boxes = {1: EXACT, 2: FIFTH, 3: EXACT}
    by_image = {record.id: found(record, [boxes[record.id]], [0.9]) for record in records}
    assert [matched.finding.image_id for matched in match_ranges(model(annotations, by_image))] == [3]


def ranges(*widths_and_scores):
    return [SimpleNamespace(width=width, score=score) for width, score in widths_and_scores]


def test_narrowest_and_widest_range_are_chosen_among_what_passes():
    matched = ranges((5, 0.9), (2, 0.6), (1, 0.3), (2, 0.8), (7, 0.7), (9, 0.1))
    assert [(one.width, one.score) for one in choose_extremes(matched, 0.5)] == [(2, 0.8), (7, 0.7)]


def test_all_matches_can_be_chosen_where_fewer_than_two_pass():
    matched = ranges((5, 0.9), (1, 0.3), (9, 0.1))
    assert [one.width for one in choose_extremes(matched, 0.5)] == [1, 9]


def test_finding_is_not_drawn_twice():
    assert [one.score for one in choose_extremes(ranges((3, 0.9), (3, 0.8)), 0.5)] == [0.9, 0.8]
    assert len(choose_extremes(ranges((3, 0.9)), 0.5)) == 1
    assert choose_extremes([], 0.5) == []


def test_rows_take_a_finding_of_each_patient_in_turn():
    records = [image(1, 'p1'), image(2, 'p1', 'L-MLO'), image(3, 'p2'), image(4, 'p3')]
    findings = [malignant(1), malignant(2), malignant(3), FindingRecord(4, 'benign', TRUE_BOX)]
    rows = choose_rows([AnnotationSet(records, findings)], 5)
    assert [row[0].image.id for row in rows] == [1, 3, 2]
    assert [row[0].image.id for row in choose_rows([AnnotationSet(records, findings)], 2)] == [1, 3]


def test_row_shows_the_same_view_and_lesion_of_the_same_exam_in_every_column():
    ffdm = AnnotationSet(
        [image(1, modality='FFDM', study='old'), image(2, modality='FFDM'), image(3, view='L-MLO', modality='FFDM')],
        [malignant(2, lesion_id='b'), malignant(2, lesion_id='a')],
    )
    dbt = AnnotationSet([image(4), image(5, view='R-CC')], [malignant(4, lesion_id='a'), malignant(5, lesion_id='c')])
    ((first, second),) = choose_rows([ffdm, dbt], 5)
    assert (first.image.id, first.finding.lesion_id, second.image.id) == (2, 'a', 4)


def test_lesion_that_a_column_does_not_annotate_is_shown_without_box():
    ffdm, dbt = AnnotationSet([image(1, modality='FFDM')], []), AnnotationSet([image(2)], [malignant(2)])
    ((first, _),) = choose_rows([ffdm, dbt], 5)
    assert (first.image.id, first.finding) == (1, None)


@pytest.mark.parametrize(
    ('findings', 'patients', 'message'),
    [
        ([], None, 'no malignant finding is annotated in the DBT images of 2 patients'),
        ([malignant(1)], ['p2'], 'no malignant finding is annotated in the DBT images of patient p2'),
        ([malignant(1)], ['p9'], 'no images of patient p9 among those of 2 patients, such as p1'),
    ],
)
def test_nothing_to_draw_is_refused(findings, patients, message):
    with pytest.raises(ValueError, match=message):
        choose_rows([AnnotationSet([image(1), image(2, 'p2')], findings)], 3, patients)


def test_models_of_different_exams_are_refused():
    ffdm, dbt = AnnotationSet([image(1, 'p2', modality='FFDM')], []), AnnotationSet([image(2)], [malignant(2)])
    with pytest.raises(ValueError, match='has its view in FFDM and DBT of the same exam'):
        choose_rows([ffdm, dbt], 3)


def test_figure_of_no_finding_is_refused():
    with pytest.raises(ValueError, match='at least 1 finding, got 0'):
        choose_rows([AnnotationSet([image(1)], [malignant(1)])], 0)
