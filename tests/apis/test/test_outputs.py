"""Where a test writes what its config scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mammo_plugins.apis.test.outputs import send_predictions_to


def sent(types, out, single=False):
    evaluators = [dict(type=name) for name in types]
    cfg = Config(dict(test_evaluator=evaluators[0] if single else evaluators))
    send_predictions_to(cfg, Path(out))
    found = [cfg.test_evaluator] if single else cfg.test_evaluator
    return [one.get('outdir', one.get('outfile')) for one in found]


@pytest.mark.parametrize(
    ('types', 'expected'),
    [
        (['VolumeDetectionMetric'], ['a/found.csv']),
        (['LabelMetric'], ['a/found.csv']),
        (['SaliencyMetric', 'LabelMetric'], ['a/found_maps', 'a/found.csv']),
        (
            ['LabelMetric', 'SaliencyMetric', 'VolumeDetectionMetric'],
            ['a/found_labels.csv', 'a/found_maps', 'a/found.csv'],
        ),
        (['CocoMetric', 'LabelMetric', 'LabelMetric'], [None, 'a/found.csv', None]),
    ],
)
def test_first_kind_gets_the_path_and_others_lie_beside_it(types, expected):
    assert sent(types, 'a/found.csv') == expected


def test_maps_alone_are_the_folder():
    assert sent(['SaliencyMetric'], 'a/maps', single=True) == ['a/maps']
    with pytest.raises(ValueError, match=r'--out a/maps\.csv: the config scores saliency maps only'):
        sent(['SaliencyMetric'], 'a/maps.csv')


def test_config_that_scores_nothing_of_the_kind_is_refused():
    with pytest.raises(
        ValueError, match='--out needs one of VolumeDetectionMetric, LabelMetric, LesionPairMetric, SaliencyMetric'
    ):
        sent(['CocoMetric'], 'a.csv')
