"""Small situations worked by hand, each under every protocol: the first number that it reports.

Unless a case says otherwise there are four volumes of 40 slices, the first of which holds a malignant finding: a box of
40 x 40 pixels at (100, 100), slice 20, visible in slices 15 to 25. R@0.25 then allows one false positive.
"""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import PROTOCOLS, evaluate_detections

FIRST, SECOND, THIRD, FOURTH = (f'p{i}/s1/lcc' for i in range(1, 5))
BOX, FAR = (100, 100, 40, 40), (600, 600, 40, 40)
MALIGNANT = (FIRST, BOX, 'malignant', 20, (15, 25))
VOLUMES = {FIRST: 'malignant', SECOND: '', THIRD: '', FOURTH: ''}
NAN = float('nan')

CASES = {
    'no findings: there is no recall': (
        dict.fromkeys(VOLUMES, ''), [],
        [(FIRST, BOX, 20, 0.9)],
        dict.fromkeys(PROTOCOLS, NAN),
    ),
    'no predictions: nothing is found': (
        VOLUMES, [MALIGNANT],
        [],
        dict.fromkeys(PROTOCOLS, 0),
    ),
    # The second of three hits is a repeat: COCO has precision 1 at 51 of 101 recalls, up to 1/2, and 2/3 at the others.
    'repeats cost nothing but in COCO': (
        VOLUMES | {SECOND: 'malignant'}, [MALIGNANT, (SECOND, *MALIGNANT[1:])],
        [(FIRST, BOX, 20, 0.9), (FIRST, (101, 100, 40, 40), 20, 0.8), (SECOND, BOX, 20, 0.7)],
        dict.fromkeys(PROTOCOLS, 1) | dict.fromkeys(['coco', 'coco-3d'], (51 + 50 * 2 / 3) / 101),
    ),
    # A hit and two false positives share a score: together they pass at 2/4 false positives per volume. The area up to
    # 1 is 1/2; of the points 1/8, 1/4, 1/2, 1, 2, 4, 8 five reach it. COCO takes the hit first, as it stands first.
    'ties pass a threshold together': (
        VOLUMES, [MALIGNANT],
        [(FIRST, BOX, 20, 0.9), (SECOND, FAR, 20, 0.9), (THIRD, FAR, 20, 0.9)],
        {'mm3d': 0, 'mm3d-2d': 0, 'mm3d-bcs-dbt': 0, 'dbtex': 1, 'center-hit': 0.5, 'iou-froc': 5 / 7, 'coco': 1,
         'coco-3d': 1},
    ),
    # Two findings 10 px apart. The first prediction overlaps them by 0.82 and 0.74, the second is exactly the first
    # finding (IoU 0.6 with the other). Both are closest to the first finding, so the other stays unfound. In COCO the
    # second prediction gets what is left: both found for the IoUs 0.5, 0.55, 0.6; one, before a false one, for 0.65 to
    # 0.8; one, behind a false one, for 0.85 to 0.95.
    'a prediction touching two findings hits the closer one': (
        VOLUMES, [MALIGNANT, (FIRST, (110, 100, 40, 40), 'malignant', 20, (15, 25))],
        [(FIRST, (104, 100, 40, 40), 20, 0.9), (FIRST, BOX, 20, 0.8)],
        dict.fromkeys(PROTOCOLS, 0.5)
        | dict.fromkeys(['coco', 'coco-3d'], (3 * 1 + 4 * 51 / 101 + 3 * 0.5 * 51 / 101) / 10),
    ),
    # Two predictions on a benign finding precede the hit: two false positives, unless benign volumes do not count
    # (mm3d-bcs-dbt) or benign findings are looked for too (dbtex: a hit and a repeat).
    'benign hits': (
        VOLUMES | {SECOND: 'benign'}, [MALIGNANT, (SECOND, BOX, 'benign', 20, (15, 25))],
        [(SECOND, BOX, 20, 0.9), (SECOND, (101, 100, 40, 40), 20, 0.85), (FIRST, BOX, 20, 0.8)],
        {'mm3d': 0, 'mm3d-2d': 0, 'mm3d-bcs-dbt': 1, 'dbtex': 1, 'center-hit': 0.5, 'iou-froc': 5 / 7, 'coco': 1 / 3,
         'coco-3d': 1 / 3},
    ),
    'the last visible slice is a hit': (
        VOLUMES, [MALIGNANT],
        [(FIRST, BOX, 25, 0.9)],
        dict.fromkeys(PROTOCOLS, 1),
    ),
    'one slice further is none where the range counts': (
        VOLUMES, [MALIGNANT],
        [(FIRST, BOX, 26, 0.9)],
        dict.fromkeys(PROTOCOLS, 1) | dict.fromkeys(['mm3d', 'mm3d-bcs-dbt', 'coco-3d'], 0),
    ),
    # The same place in an earlier study of the patient is another image: half is found (COCO: 51 of 101 recalls).
    'a patient with two studies': (
        VOLUMES | {'p1/s2/lcc': 'malignant'}, [MALIGNANT, ('p1/s2/lcc', *MALIGNANT[1:])],
        [(FIRST, BOX, 20, 0.9), (FIRST, (101, 100, 40, 40), 20, 0.8)],
        dict.fromkeys(PROTOCOLS, 0.5) | dict.fromkeys(['coco', 'coco-3d'], 51 / 101),
    ),
}  # fmt: skip


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('case', CASES)
def test_first_number_of_each_protocol(build_annotations, build_predictions, case, protocol):
    images, findings, rows, expected = CASES[case]
    assert expected.keys() == PROTOCOLS.keys()
    result = evaluate_detections(build_predictions(rows), build_annotations(images, findings), protocol)
    number = next(iter(result.numbers.values()))
    assert number.value == pytest.approx(expected[protocol], abs=1e-12, nan_ok=True)
    assert bool(number.reason) == np.isnan(expected[protocol])


def test_two_studies_are_two_breasts_of_one_patient(build_annotations, build_predictions):
    images, findings, rows, _ = CASES['a patient with two studies']
    result = evaluate_detections(build_predictions(rows), build_annotations(images, findings), bootstrap=50)
    assert (result.counts['patients'], result.counts['breasts']) == (4, 5)
    assert set(result.matched.image_patient.tolist()) == {0, 1, 2, 3}
    # Whoever draws the patient draws both studies: recall is 1/2 in every replicate that has a finding.
    assert (result.numbers['R@0.25'].low, result.numbers['R@0.25'].high) == (0.5, 0.5)
