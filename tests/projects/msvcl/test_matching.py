"""The config of mass matching on leaning phantoms: a step, a test, and matched masses of ``mammo predict``."""

from __future__ import annotations

import pytest

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.matching import LANDMARKS, matching_accuracy
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.predict import predict
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from mammo_plugins.commands import evaluate as evaluate_command
from mammo_plugins.commands import report as report_command
from mammo_plugins.evaluation.predictions_csv import read_predictions
from tests.apis.conftest import quick_options
from tests.apis.train.test_mmdet_detectors import RESNET

CONFIG = 'projects/msvcl/configs/matching.py'
BOOSTED = 'projects/msvcl/configs/matching_boosted.py'
MATCHES_ALL = {  # untrained embeddings lie near each other, so that every finding that scores gets a partner
    'model.matching_head.loss.margin': 1e6,
    'model.min_score': 0.0,
}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('leaning')
    settings = {
        'imaging.mlo_tilt_deg': 20.0, 'finding.malignant_share': 1.0, 'finding.benign_share': 0.0,
        'finding.unannotated_share': 0.0, 'finding.malignant_types': (0.5, 0.5, 0.0, 0.0),
    }  # fmt: skip
    make_phantoms(
        folder / 'phantoms', cases=4, seed=2, size='96x64x4', split=(0.5, 0.25, 0.25), workers=1, overrides=settings
    )
    convert_dataset('phantom', folder / 'phantoms', folder / 'phantoms.json', modality=['FFDM'])
    return folder


@pytest.fixture(scope='module')
def options(root):
    small = {f'model.detector.{name}': value for name, value in RESNET.items()}
    loaders = {
        f'{split}_dataloader.dataset.{name}': value
        for split in ('train', 'val', 'test')
        for name, value in (('pipeline.1.pixel_mm', 2.0), ('pipeline.1.unknown_mm', 2.0), ('ann_file', 'phantoms.json'))
    }
    workers = {f'{split}_dataloader.num_workers': 0 for split in ('train', 'val', 'test')}
    persistent = {f'{split}_dataloader.persistent_workers': False for split in ('train', 'val', 'test')}
    return quick_options(root, start_fresh=None, **small, **loaders, **workers, **persistent, **MATCHES_ALL)


@pytest.fixture(scope='module')
def checkpoint(root, options):
    train(CONFIG, work_dir=root / 'work', cfg_options=options)
    return root / 'work' / 'iter_1.pth'


def test_trained_model_is_tested_on_pairs(root, options, checkpoint):
    numbers = evaluate_checkpoint(CONFIG, checkpoint, work_dir=root / 'tested', cfg_options=options)
    assert numbers['pairs/num_breasts'] == 2 and numbers['pairs/num_lesions'] >= 2
    assert 0 <= numbers['pairs/recall'] <= 1
    assert 0 <= numbers['pairs/accuracy'] <= 1, 'pairs of what is detected are decided by their distance'


def test_predicted_pairs_are_in_the_table_and_in_the_report(root, options, checkpoint):
    # From the files alone: landmarks are estimated, modalities other than FFDM are not among the files that are read.
    run = predict(root / 'phantoms', config=CONFIG, checkpoint=checkpoint, out=root / 'predicted', cfg_options=options)
    found = read_predictions(run.csv)
    breasts = {}
    for index, number in zip(found.image_index, found.lesions, strict=True):
        key = found.images[index]
        if number:
            breasts.setdefault((key.patient_id, key.view_name[0], number), set()).add(key.view_name[1:])
    assert breasts and all(views == {'cc', 'mlo'} for views in breasts.values())
    pages = run.out.glob('studies/*/report.html')
    assert any('"lesion":"A"' in page.read_text(encoding='utf-8') for page in pages)


def test_boosted_masses_are_scored_and_stand_in_the_report(root, options, checkpoint):
    """The effect of higher scores on FROC: the same detections, tested without and with."""
    ann = str(root / 'phantoms.json')
    tables = []
    for boost in (0.0, 0.5):
        tables.append(root / f'boost{boost}.csv')
        changes = {**options, 'model.score_boost': boost}
        numbers = evaluate_checkpoint(BOOSTED, checkpoint, out=tables[-1], work_dir=root / 'b', cfg_options=changes)
        assert {'coco/AP50', 'mm3d-2d/R@0.25'} <= set(numbers)
    plain, boosted = map(read_predictions, tables)
    matched = boosted.lesions > 0
    assert (boosted.scores[matched] > 0.4).all() and len(plain.scores) == len(boosted.scores) and matched.any()
    assert sorted(plain.scores[plain.lesions == 0]) == pytest.approx(sorted(boosted.scores[~matched]))
    how = ['--ann', ann, '--split', 'test', '--protocol', 'mm3d-2d', '--targets', 'mass']
    compared = root / 'boost.json'
    words = ['--compare', *map(str, tables), *how, '--bootstrap', '20', '--json', str(compared)]
    assert evaluate_command.main(words) == 0 and 'R@0.25' in compared.read_text()
    assert report_command.main([str(tables[1]), *how, '--out', str(root / 'boost.html')]) == 0
    assert '"lesion":"A"' in (root / 'boost.html').read_text(encoding='utf-8')


def test_matcher_is_scored_with_landmarks_of_several_kinds(options, checkpoint):
    found = matching_accuracy(CONFIG, checkpoint, cfg_options=options)
    assert list(found) == list(LANDMARKS)
    for numbers in found.values():
        # Everything is below so large a limit: each mass of a breast finds a partner, and every pair counts as one.
        assert numbers['lesions'] >= 2 and numbers['accuracy_matched'] == 1 and numbers['accuracy_unmatched'] == 0
        assert numbers['matched'] + numbers['false_pairs'] >= 1


def test_pipeline_without_landmarks_is_named(options, checkpoint):
    pipeline = {'test_dataloader.dataset.pipeline': [dict(type='PackCaseInputs')]}
    with pytest.raises(ValueError, match='the test pipeline has no LocateLandmarks: put it first'):
        matching_accuracy(CONFIG, checkpoint, cfg_options={**options, **pipeline})
