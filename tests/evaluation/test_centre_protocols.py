"""Hand-worked cases of the protocols that compare centres, and the challenge's rule against a slow reading of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.commands.evaluate import main
from mammo_plugins.evaluation import evaluate_detections, get_protocol
from tests.references.dbtex_challenge import dbtex_sensitivities

SMALL = (480, 480, 40, 40)  # centre (500, 500): within 100 px
WIDE = (400, 400, 180, 240)  # diagonal 300, centre (490, 520): within 150 px
PAIR = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''}
ALL, POSITIVE = 'sensitivity_at_2_fps_all', 'sensitivity_at_1_fps_positive'


def finding(image='p1/s1/lcc', box=SMALL, category='malignant', index=20, visible=None):
    return (image, box, category, index, visible)


def centred(x, y, index=20, score=0.5, image='p1/s1/lcc'):
    """A prediction of 20 x 20 pixels around a centre."""
    return (image, (x - 10, y - 10, 20, 20), index, score)


def value(number, protocol, rows, findings, build, images=None):
    build_annotations, build_predictions = build
    result = evaluate_detections(build_predictions(rows), build_annotations(images or PAIR, findings), protocol)
    return result.numbers[number].value


@pytest.fixture(scope='session', name='build')
def build_fixture(build_annotations, build_predictions):
    return build_annotations, build_predictions


@pytest.mark.parametrize(
    ('sentence', 'row', 'found', 'expected'),
    [
        ('A centre at exactly 100 px hits a small box (60, 80).', centred(560, 580), finding(), 1),
        ('One pixel further does not.', centred(561, 580), finding(), 0),
        ('Half the diagonal of a wide box reaches further.', centred(490, 670), finding(box=WIDE), 1),
        ('And no further than that.', centred(490, 671), finding(box=WIDE), 0),
        ('The middle 9.5 + 1/2 lies 10 = 40/4 slices off: hit.', centred(500, 500, 9.5), finding(), 1),
        ('The middle 9 + 1/2 lies 10.5 slices off.', centred(500, 500, 9), finding(), 0),
        ('The middle 29 + 1/2 lies 9.5 slices off.', centred(500, 500, 29), finding(), 1),
        ('The middle 30 + 1/2 lies 10.5 slices off.', centred(500, 500, 30), finding(), 0),
        ('A visible range does not matter here.', centred(500, 500, 28), finding(visible=(20, 20)), 1),
        ('Benign findings are to be found too.', centred(500, 500), finding(category='benign'), 1),
    ],
)
def test_dbtex_hit(sentence, row, found, expected, build):
    assert value(ALL, 'dbtex', [row], [found], build) == expected, sentence


@pytest.mark.parametrize(
    ('sentence', 'row', 'expected'),
    [
        ('A centre at exactly 100 px does not hit.', centred(560, 580), 0),
        ('A little nearer it does.', centred(560, 579), 1),
        ('The slice does not matter.', centred(500, 500, 39), 1),
    ],
)
def test_centre_hit(sentence, row, expected, build):
    assert value('FAUC-1', 'center-hit', [row], [finding()], build) == expected, sentence


def test_nearest_of_two_findings_is_hit_in_unscaled_space(build):
    # In the plane the second finding is nearer (10 px), but it lies 8 slices off: 12.8 against 12.
    findings = [finding(box=(492, 480, 40, 40), index=21), finding(box=(470, 480, 40, 40), index=29)]
    rows = [centred(500, 500, 20.5, 0.9), centred(512, 500, 20.5, 0.8)]
    assert value(ALL, 'dbtex', rows, findings, build) == 0.5  # both predictions hit the first finding


def test_dbtex_counts_false_positives_over_all_or_positive_volumes(build):
    # Positive volume: hit at 0.5 behind two false positives; the normal volume holds two more, better ones.
    rows = [centred(500, 500, score=0.5)]
    rows += [centred(100, 100 + i, score=0.8) for i in range(2)]
    rows += [centred(100, 100 + i, score=0.9, image='p2/s1/lcc') for i in range(2)]
    number = {name: value(name, 'dbtex', rows, [finding()], build) for name in (ALL, POSITIVE)}
    # All: 4 false positives over 2 volumes at the hit, so recall 1 at exactly 2. Positive: 2 over 1 volume at the hit,
    # and half way between (0, 0) and (2, 1) at 1.
    assert number == {ALL: 1, POSITIVE: 0.5}


def test_dbtex_counts_unannotated_malignant_volumes(build):
    images = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': 'malignant'}
    rows = [centred(500, 500, score=0.5)] + [centred(100, y, score=0.9, image='p2/s1/lcc') for y in range(8)]
    assert value(ALL, 'dbtex', rows, [finding()], build, images) == 0.5  # half way to (4, 1)


def test_faucs_of_all_and_of_positive_images(build):
    # The only hit comes behind one false positive in the positive image: at 1/2 a image over both, at 1 over the one.
    rows = [centred(500, 500, score=0.5), centred(100, 100, score=0.9)]
    assert value('FAUC-1', 'center-hit', rows, [finding()], build) == 0.5
    assert value('FAUC-1 (positive images)', 'center-hit', rows, [finding()], build) == 0


def test_area_up_to_another_limit(build):
    # As above: found from half a false positive an image on, and up to 2 of all images, from 1 up to 2 of the positive.
    rows = [centred(500, 500, score=0.5), centred(100, 100, score=0.9)]
    assert value('FAUC-2', 'center-hit@2', rows, [finding()], build) == 1.5
    assert value('FAUC-2 (positive images)', 'center-hit@2.0', rows, [finding()], build) == 1
    assert value('FAUC-0.25', 'center-hit@0.25', rows, [finding()], build) == 0


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('center-hit@', 'a number above 0'),
        ('center-hit@0', 'a number above 0'),
        ('center-hit@two', 'a number above 0'),
        ('center-hit@inf', 'a number above 0'),
        ('center-hit@nan', 'a number above 0'),
        ('mm3d@2', 'no area'),
        ('centre@2', "unknown protocol 'centre'"),
    ],
)
def test_limits_that_cannot_be(name, reason, capsys):
    with pytest.raises(ValueError, match=reason):
        get_protocol(name)
    with pytest.raises(SystemExit):
        main(['found.csv', '--ann', 'ann.json', '--protocol', name])
    assert reason in capsys.readouterr().err


def test_single_slice_images_have_no_slice_condition(build_annotations, build_predictions):
    annotations = build_annotations(PAIR, [finding(index=0)], num_slices=1, modality='FFDM')
    result = evaluate_detections(build_predictions([centred(500, 500, 0)]), annotations, 'dbtex')
    assert result.numbers[ALL].value == 1


def test_middle_of_the_range_stands_for_a_missing_slice(build):
    found = finding(index=None, visible=(2, 12))  # middle 7, so slices 0 to 17 less the half slice of the box
    assert value(ALL, 'dbtex', [centred(500, 500, 16)], [found], build) == 1
    assert value(ALL, 'dbtex', [centred(500, 500, 17)], [found], build) == 0


IMAGES = {f'p{p}/s1/{view}': '' for p in range(3) for view in ('lcc', 'rmlo')}
SIZES = st.sampled_from([20, 60, 300])
PLACES = st.tuples(st.sampled_from([100, 160, 400]), st.sampled_from([100, 180, 500]), SIZES, SIZES)
FINDINGS = st.lists(
    st.tuples(st.sampled_from(sorted(IMAGES)), PLACES, st.sampled_from(['malignant', 'benign']), st.integers(0, 39)),
    min_size=1,
    max_size=6,
)
ROWS = st.lists(
    st.tuples(st.sampled_from(sorted(IMAGES)), PLACES, st.integers(0, 39), st.integers(0, 9).map(lambda v: v / 8)),
    max_size=40,
    unique=True,
)


@settings(max_examples=150, deadline=None)
@given(FINDINGS, ROWS)
def test_dbtex_equals_a_slow_reading_of_the_rule(build_annotations, build_predictions, findings, rows):
    annotations = build_annotations(IMAGES, [(*found, None) for found in findings])
    result = evaluate_detections(build_predictions(rows), annotations, 'dbtex')
    expected = dbtex_sensitivities(
        dict.fromkeys(IMAGES, 40),
        [(image, *box, index) for image, box, _, index in findings],
        [(image, *box, index, 1, score) for image, box, index, score in rows],
    )
    assert set(expected) == set(result.numbers)
    for name, number in result.numbers.items():
        np.testing.assert_allclose(number.value, expected[name], rtol=0, atol=1e-12, err_msg=name)
