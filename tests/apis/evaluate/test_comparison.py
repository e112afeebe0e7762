from __future__ import annotations

import json

import numpy as np
import pytest

from mammo_plugins.apis.evaluate.comparison import compare_predictions_files
from mammo_plugins.apis.evaluate.scoring_options import ScoringOptions
from mammo_plugins.commands.evaluate import main
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, write_annotations

HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score,ImageScore'
PATIENTS = 24


@pytest.fixture(name='files')
def files_fixture(tmp_path):
    """Half of the volumes hold a finding; ``good.csv`` finds all of them, ``poor.csv`` one in three."""
    images = [
        ImageRecord(number, f'{number}.dcm', 800, 900, 40, f'p{number}', 's1', 'L-CC', 'DBT', split='test',
                    labels={'malignant': number % 2, 'benign': 0})
        for number in range(1, PATIENTS + 1)
    ]  # fmt: skip
    findings = [FindingRecord(number, 'malignant', (100, 100, 40, 40), 20, (15, 25)) for number in range(1, 25, 2)]
    write_annotations(tmp_path / 'ann.json', AnnotationSet(images, findings, {'root': ''}))
    rng = np.random.default_rng(0)
    for name, step in (('good', 2), ('poor', 6)):
        rows = [HEADER]
        for image in images:
            found = image.id % step == 1
            score = (0.6 if found else 0.3) * rng.random() + 0.4 * found
            x = 100 if found else 500
            rows.append(f'{image.patient_id},s1,lcc,{x},40,{x},40,20,1,{score},{score}')
        (tmp_path / f'{name}.csv').write_text('\n'.join(rows) + '\n')
    return tmp_path


def compare(files, *arguments):
    models = [str(files / 'poor.csv'), str(files / 'good.csv')]
    return main(['--compare', *models, '--ann', str(files / 'ann.json'), *arguments])


def test_command_prints_differences_with_p_values_and_writes_json(files, capsys):
    out = files / 'differences.json'
    assert compare(files, '--permutations', '200', '--json', str(out)) == 0
    screen = capsys.readouterr().out
    assert 'paired bootstrap over patients, 1000 replicates' in screen and 'breast_auc: DeLong' in screen
    content = json.loads(out.read_text())
    assert content['settings']['bootstrap'] == 1000 and content['settings']['permutations'] == 200
    recall = content['results']['mm3d']['differences']['R@0.5']
    assert (recall['first'], recall['second']) == (pytest.approx(1 / 3), 1) and recall['p_value'] < 0.01
    assert content['results']['mm3d']['permutation_p_values']['R@0.5'] < 0.02


def test_function_gives_what_the_command_prints(files):
    options = ScoringOptions(files / 'ann.json', protocols=('coco',), bootstrap=50, split='test')
    results = compare_predictions_files(files / 'poor.csv', files / 'good.csv', options)
    assert list(results) == ['coco'] and {'AP', 'AP50', 'breast_auc'} < results['coco'].differences.keys()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'give one file or folder of predictions, or --compare'),
        (['good.csv', '--compare', 'good.csv', 'poor.csv'], 'give one file or folder of predictions, or --compare'),
        (['--compare', 'good.csv', 'poor.csv', '--by', 'view'], '--by goes with one file or folder'),
        (['good.csv', '--permutations', '5'], '--permutations goes with --compare'),
        (['--compare', 'good.csv', 'poor.csv', '--curves', 'c.csv'], '--curves goes with one file or folder'),
        (
            ['good.csv', '--threshold', '0.5', '--threshold-from', 'poor.csv'],
            'give one of --threshold, --threshold-from and --model',
        ),
        (
            ['good.csv', '--threshold', '0.5', '--model', 'm.zip'],
            'give one of --threshold, --threshold-from and --model',
        ),
    ],
)
def test_contradicting_arguments_are_refused(files, capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_info:
        main([*arguments, '--ann', str(files / 'ann.json')])
    assert exit_info.value.code == 2 and message in capsys.readouterr().err


def test_unknown_file_is_named(files, capsys):
    assert main(['--compare', 'nowhere.csv', str(files / 'good.csv'), '--ann', str(files / 'ann.json')]) == 2
    assert 'nowhere.csv' in capsys.readouterr().err


def test_threshold_of_detections_goes_with_one_whole_file(files, capsys):
    good, truth = str(files / 'good.csv'), ['--ann', str(files / 'ann.json'), '--threshold', '0.5']
    for arguments, option in (([good, '--by', 'view'], '--by'), (['--compare', good, good], '--compare')):
        assert main([*arguments, *truth]) == 2
        assert f'--threshold does not go with {option} of detections' in capsys.readouterr().err
