"""Hand-worked cases of the protocols: one sentence and exact fractions each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from mammo_plugins.evaluation import PROTOCOLS, DetectionProtocol, RecallAtFp, evaluate_detections, get_protocol
from mammo_plugins.evaluation.hit_rules import OverlapHit

BOX = (100, 100, 40, 40)
NEAR = (110, 100, 40, 40)  # overlaps BOX by 30 x 40: IoU 1200 / 2000 = 0.6
QUARTER = (124, 100, 40, 40)  # overlaps BOX by 16 x 40: IoU 640 / 2560 = 0.25
LESS = (125, 100, 40, 40)  # overlaps BOX by 15 x 40: IoU 600 / 2600 < 0.25
AWAY = (500, 500, 40, 40)
FAR = (700, 900, 40, 40)


def malignant(image, box=BOX, index=20, visible=(15, 25)):
    return (image, box, 'malignant', index, visible)


def benign(image, box=BOX, index=20, visible=(15, 25)):
    return (image, box, 'benign', index, visible)


@dataclass
class Case:
    """Two volumes or more, what was predicted, and the recalls at 0.25 and 0.5 false positives per volume."""

    sentence: str
    images: dict
    findings: list
    rows: list
    expected: dict  # protocol to (R@0.25, R@0.5)
    counts: dict = field(default_factory=dict)  # of protocol mm3d


PAIR = {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''}
FOUR = {'p1/s1/lcc': 'malignant', 'p1/s1/lmlo': 'malignant', 'p2/s1/lcc': '', 'p2/s1/lmlo': ''}
NAN = float('nan')

CASES = [
    Case(
        'Case 0: nobody has a finding, so recall does not exist.',
        {'p1/s1/lcc': '', 'p2/s1/lcc': ''}, [], [('p1/s1/lcc', BOX, 20, 0.9)],
        {'mm3d': (NAN, NAN), 'mm3d-2d': (NAN, NAN)}, {'findings': 0, 'false_positives': 1},
    ),
    Case(
        'Case 1: nothing is predicted, so nothing is found.',
        PAIR, [malignant('p1/s1/lcc')], [],
        {'mm3d': (0, 0), 'mm3d-2d': (0, 0)}, {'findings': 1, 'predictions': 0, 'false_positives': 0},
    ),
    Case(
        'Case 2: the exact box in the annotated slice is found without any false positive.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', BOX, 20, 0.1)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)}, {'findings_hit': 1, 'false_positives': 0},
    ),
    Case(
        'Case 3: an IoU of exactly 0.25 is a hit.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', QUARTER, 20, 0.1)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)},
    ),
    Case(
        'Case 4: one pixel further the IoU is 3/13, a false positive.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', LESS, 20, 0.1)],
        {'mm3d': (0, 0), 'mm3d-2d': (0, 0)}, {'findings_hit': 0, 'false_positives': 1},
    ),
    Case(
        'Case 5: the last visible slice is a hit.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', NEAR, 25, 0.1)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)},
    ),
    Case(
        'Case 6: the slice behind it is a false positive in 3-D and a hit in 2-D.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', NEAR, 26, 0.1)],
        {'mm3d': (0, 0), 'mm3d-2d': (1, 1)}, {'findings_hit': 0, 'false_positives': 1},
    ),
    Case(
        'Case 7: the first visible slice is a hit, the one before it is not.',
        FOUR, [malignant('p1/s1/lcc'), malignant('p1/s1/lmlo')],
        [('p1/s1/lcc', BOX, 15, 0.5), ('p1/s1/lmlo', BOX, 14, 0.6)],
        {'mm3d': (0.5, 0.5), 'mm3d-2d': (1, 1)},
    ),
    Case(
        'Case 8: without a range, a quarter of the 40 slices to either side is a hit, and the next slice is not.',
        FOUR, [malignant('p1/s1/lcc', visible=None), malignant('p1/s1/lmlo', visible=None)],
        [('p1/s1/lcc', BOX, 10, 0.5), ('p1/s1/lmlo', BOX, 31, 0.4)],
        {'mm3d': (0.5, 0.5), 'mm3d-2d': (1, 1)},
    ),
    Case(
        'Case 9: three hits on one finding find it once, and the two repeats are no false positives.',
        PAIR, [malignant('p1/s1/lcc')],
        [('p1/s1/lcc', BOX, 20, 0.9), ('p1/s1/lcc', NEAR, 20, 0.8), ('p1/s1/lcc', BOX, 21, 0.7)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)}, {'findings_hit': 1, 'repeats': 2, 'false_positives': 0},
    ),
    Case(
        'Case 10: a false positive that ties with the only hit passes with it, and 1/2 a volume is too many for 0.25.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', BOX, 20, 0.5), ('p2/s1/lcc', AWAY, 3, 0.5)],
        {'mm3d': (0, 1), 'mm3d-2d': (0, 1)},
    ),
    Case(
        'Case 11: a false positive below the hit costs nothing.',
        PAIR, [malignant('p1/s1/lcc')], [('p1/s1/lcc', BOX, 20, 0.5), ('p2/s1/lcc', AWAY, 3, 0.4)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)},
    ),
    Case(
        'Case 12: two false positives above the only hit are one a volume, too many for either point.',
        PAIR, [malignant('p1/s1/lcc')],
        [('p1/s1/lcc', BOX, 20, 0.5), ('p2/s1/lcc', AWAY, 3, 0.6), ('p2/s1/lcc', FAR, 3, 0.7)],
        {'mm3d': (0, 0), 'mm3d-2d': (0, 0)},
    ),
    Case(
        'Case 13: one box on two findings finds the one it overlaps more (IoU 0.6, not 1/3); the other is missed.',
        PAIR, [malignant('p1/s1/lcc', (130, 100, 40, 40)), malignant('p1/s1/lcc', BOX)], [('p1/s1/lcc', NEAR, 20, 0.5)],
        {'mm3d': (0.5, 0.5), 'mm3d-2d': (0.5, 0.5)}, {'findings': 2, 'findings_hit': 1, 'false_positives': 0},
    ),
    Case(
        'Case 14: two boxes closest to the same one of two findings find one, even though each touches the other too.',
        PAIR, [malignant('p1/s1/lcc', (130, 100, 40, 40)), malignant('p1/s1/lcc', BOX)],
        [('p1/s1/lcc', NEAR, 20, 0.5), ('p1/s1/lcc', (112, 100, 40, 40), 20, 0.9)],
        {'mm3d': (0.5, 0.5), 'mm3d-2d': (0.5, 0.5)}, {'findings_hit': 1, 'repeats': 1},
    ),
    Case(
        'Case 15: the closer of two findings does not show in the predicted slice, so 3-D takes the other.',
        PAIR, [malignant('p1/s1/lcc', (130, 100, 40, 40), 5, (3, 7)), malignant('p1/s1/lcc', BOX)],
        [('p1/s1/lcc', NEAR, 5, 0.5), ('p1/s1/lcc', BOX, 39, 0.4)],
        {'mm3d': (0.5, 0.5), 'mm3d-2d': (0.5, 0.5)}, {'findings_hit': 1, 'false_positives': 1},
    ),
    Case(
        'Case 16: a hit on a benign finding is a false positive.',
        {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': 'benign'}, [malignant('p1/s1/lcc'), benign('p2/s1/lcc')],
        [('p1/s1/lcc', BOX, 20, 0.5), ('p2/s1/lcc', BOX, 20, 0.6)],
        {'mm3d': (0, 1), 'mm3d-2d': (0, 1), 'mm3d-bcs-dbt': (1, 1)}, {'findings': 1, 'false_positives': 1},
    ),
    Case(
        'Case 17: a box on a benign and a malignant finding is a hit on the malignant one.',
        PAIR, [malignant('p1/s1/lcc'), benign('p1/s1/lcc', NEAR)], [('p1/s1/lcc', NEAR, 20, 0.6)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)}, {'findings': 1, 'false_positives': 0},
    ),
    Case(
        'Case 18: a patient with two studies has two volumes of one name; the prediction belongs to one of them.',
        {'p1/s1/lcc': 'malignant', 'p1/s2/lcc': 'malignant'}, [malignant('p1/s1/lcc'), malignant('p1/s2/lcc')],
        [('p1/s2/lcc', BOX, 20, 0.6)],
        {'mm3d': (0.5, 0.5), 'mm3d-2d': (0.5, 0.5)}, {'patients': 1, 'breasts': 2, 'images': 2},
    ),
    Case(
        'Case 19: a lesion seen in two views is two findings, each found by itself.',
        FOUR, [malignant('p1/s1/lcc'), malignant('p1/s1/lmlo')],
        [('p1/s1/lcc', BOX, 20, 0.9), ('p2/s1/lcc', BOX, 20, 0.8), ('p1/s1/lmlo', BOX, 20, 0.7)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1)}, {'breasts': 2, 'malignant_breasts': 1},
    ),
    Case(
        'Case 20: a malignant volume without boxes is left out: what is found there is not false; 2 volumes remain.',
        {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': '', 'p3/s1/lcc': 'malignant'}, [malignant('p1/s1/lcc')],
        [('p3/s1/lcc', AWAY, 3, 0.9), ('p2/s1/lcc', AWAY, 3, 0.8), ('p1/s1/lcc', BOX, 20, 0.7)],
        {'mm3d': (0, 1), 'mm3d-2d': (0, 1)},
        {'images': 3, 'images_counted_for_fp': 2, 'unannotated_malignant_images': 1, 'false_positives': 1},
    ),
    Case(
        'Case 21: benign volumes do not count in appendix A: 1 false positive over 4 volumes, over 2 non-benign ones.',
        {'p1/s1/lcc': 'malignant', 'p2/s1/lcc': '', 'p3/s1/lcc': 'benign', 'p4/s1/lcc': 'benign'},
        [malignant('p1/s1/lcc')], [('p2/s1/lcc', AWAY, 3, 0.8), ('p1/s1/lcc', BOX, 20, 0.7)],
        {'mm3d': (1, 1), 'mm3d-2d': (1, 1), 'mm3d-bcs-dbt': (0, 1)},
    ),
]  # fmt: skip


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.sentence.split(':')[0])
def test_hand_worked_case(case, build_annotations, build_predictions):
    annotations = build_annotations(case.images, case.findings)
    predictions = build_predictions(case.rows)
    for protocol, expected in case.expected.items():
        result = evaluate_detections(predictions, annotations, protocol)
        found = tuple(estimate.value for estimate in result.numbers.values())
        np.testing.assert_equal(found, expected, err_msg=f'{case.sentence} {protocol}')
    counts = evaluate_detections(predictions, annotations, 'mm3d').counts
    assert {name: counts[name] for name in case.counts} == case.counts


def test_single_slice_image_needs_no_slice_match(build_annotations, build_predictions):
    annotations = build_annotations(PAIR, [malignant('p1/s1/lcc', BOX, None, None)], num_slices=1, modality='FFDM')
    result = evaluate_detections(build_predictions([('p1/s1/lcc', BOX, 0, 0.5)]), annotations, 'mm3d')
    assert result.numbers['R@0.25'].value == 1


def test_deep_box_is_judged_by_its_middle_slice(build_annotations, build_predictions):
    annotations = build_annotations(PAIR, [malignant('p1/s1/lcc')])
    predictions = build_predictions([('p1/s1/lcc', BOX, 22, 0.5)])
    for depth, expected in ((1, 1), (7, 1), (8, 0)):  # middles 22, 25, 26; visible to 25
        predictions.depth[:] = depth
        assert evaluate_detections(predictions, annotations).numbers['R@0.5'].value == expected


def test_volume_finding_without_slice_is_refused_where_slices_matter(build_annotations, build_predictions):
    annotations = build_annotations(PAIR, [malignant('p1/s1/lcc', BOX, None, None)])
    predictions = build_predictions([('p1/s1/lcc', BOX, 3, 0.5)])
    with pytest.raises(ValueError, match=r'p1/s1/lcc has neither a slice nor a visible range.*mm3d-2d'):
        evaluate_detections(predictions, annotations, 'mm3d')
    assert evaluate_detections(predictions, annotations, 'mm3d-2d').numbers['R@0.25'].value == 1


def test_non_benign_counting_refuses_unknown_benign_labels(build_annotations, build_predictions):
    annotations = build_annotations(PAIR, [malignant('p1/s1/lcc')])
    annotations.images[1].labels.pop('benign')
    with pytest.raises(ValueError, match='p2/s1/lcc has no label that says whether it is benign'):
        evaluate_detections(build_predictions([]), annotations, 'mm3d-bcs-dbt')


def test_unknown_protocol_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown protocol 'froc'.*mm3d, mm3d-2d"):
        get_protocol('froc')


def test_own_protocol_passes_through(build_annotations, build_predictions):
    strict = DetectionProtocol('strict', OverlapHit(min_iou=0.75), (RecallAtFp('R@1', 1.0),))
    annotations = build_annotations(PAIR, [malignant('p1/s1/lcc')])
    result = evaluate_detections(build_predictions([('p1/s1/lcc', NEAR, 20, 0.5)]), annotations, strict)
    assert (result.protocol, result.numbers['R@1'].value) == ('strict', 0)


def test_every_protocol_names_its_source():
    assert all(protocol.source for protocol in PROTOCOLS.values())
