from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_plugins.apis.evaluate.predictions_file import evaluate_predictions_file
from mammo_plugins.apis.evaluate.scoring_options import ScoringOptions
from mammo_plugins.commands.evaluate import main
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, write_annotations

ROOT = Path(__file__).parents[3]
HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score'
ROWS = (
    'p1,s1,lcc,100,40,100,40,20,1,0.7',
    'p2,s1,lcc,500,40,500,40,3,1,0.8',
)


@pytest.fixture(name='files')
def files_fixture(tmp_path):
    """An annotation file with a malignant and a normal volume (test) and another one (train), and predictions."""
    images = [
        ImageRecord(number, f'{number}.dcm', 800, 900, 40, f'p{number}', 's1', 'L-CC', 'DBT', split=split,
                    labels={'malignant': malignant, 'benign': 0})
        for number, split, malignant in ((1, 'test', 1), (2, 'test', 0), (3, 'train', 0))
    ]  # fmt: skip
    finding = FindingRecord(1, 'malignant', (100, 100, 40, 40), 20, (15, 25))
    write_annotations(tmp_path / 'ann.json', AnnotationSet(images, [finding], {'root': ''}))
    (tmp_path / 'predictions.csv').write_text('\n'.join([HEADER, *ROWS]) + '\n')
    return tmp_path


def test_split_selects_what_is_evaluated(files):
    everything, test_only = (
        evaluate_predictions_file(files / 'predictions.csv', ScoringOptions(files / 'ann.json', split=split))
        for split in (None, 'test')
    )
    counts = [result['mm3d'].counts['images'] for result in (everything, test_only)]
    assert counts == [3, 2]
    assert everything['mm3d'].numbers['R@0.25'].value == test_only['mm3d'].numbers['R@0.25'].value == 0
    assert everything['mm3d'].numbers['R@0.5'].value == 1  # 1 false positive in 3 volumes, and in 2


def test_command_prints_the_table_and_writes_json(files, capsys):
    out = files / 'results' / 'scores.json'
    arguments = [
        files / 'predictions.csv',
        '--ann',
        files / 'ann.json',
        '--split',
        'test',
        '--bootstrap',
        20,
        '--json',
        out,
    ]
    assert main([str(argument) for argument in arguments]) == 0
    screen = capsys.readouterr().out
    for text in ('mm3d', 'mm3d-2d', 'R@0.25', 'R@0.5', 'Breast AUC', '1 of 1 findings hit', 'hold no ImageScore'):
        assert text in screen
    content = json.loads(out.read_text())
    assert content['settings']['bootstrap'] == 20
    result = content['results']['mm3d']
    assert result['metrics']['R@0.5']['value'] == 1
    assert result['metrics']['breast_auc']['value'] == 0
    assert result['froc']['fp_per_volume'] == [0, 0.5, 0.5] and result['froc']['recall'] == [0, 0, 1]
    assert not list(out.parent.glob('.*'))


def test_groups_are_scored_by_themselves(files, capsys):
    out = files / 'groups.json'
    arguments = [files / 'predictions.csv', '--ann', files / 'ann.json', '--by', 'view', '--json', out]
    assert main([str(argument) for argument in arguments]) == 0
    assert 'CC: 1 findings in 3 images of 3 patients' in capsys.readouterr().out
    content = json.loads(out.read_text())
    assert content['settings']['by'] == 'view' and content['results']['CC/mm3d']['metrics']['R@0.5']['value'] == 1


def test_counts_at_a_given_threshold(files, capsys):
    arguments = [str(files / 'predictions.csv'), '--ann', str(files / 'ann.json'), '--split', 'test']
    assert main([*arguments, '--threshold', '0.75', '--protocol', 'mm3d']) == 0
    expected = 'mm3d: at the threshold 0.75: 0 findings hit, 1 missed, 1 false positives; recall 0.000'
    assert expected in capsys.readouterr().out


def test_threshold_is_chosen_on_another_split(files, capsys):
    # In the training volume two false positives precede what one per volume allows: the lowest passing score is 0.6.
    rows = ['p3,s1,lcc,500,40,500,40,3,1,0.6', 'p3,s1,lcc,600,40,500,40,3,1,0.4']
    (files / 'train.csv').write_text('\n'.join([HEADER, *rows]) + '\n')
    arguments = [str(files / 'predictions.csv'), '--ann', str(files / 'ann.json'), '--split', 'test']
    chosen = ['--threshold-from', str(files / 'train.csv'), '--threshold-split', 'train', '--threshold-fp', '1']
    assert main([*arguments, *chosen, '--protocol', 'mm3d', '--json', str(files / 'out.json')]) == 0
    assert 'mm3d: at the threshold 0.6: 1 findings hit, 0 missed, 1 false positives' in capsys.readouterr().out
    point = json.loads((files / 'out.json').read_text())['results']['mm3d']['operating_point']
    assert (point['threshold'], point['true_positives'], point['fp_per_volume']['value']) == (0.6, 1, 0.5)
    assert main([*arguments, *chosen[:4], '--threshold-fp', '0', '--protocol', 'mm3d']) == 0
    assert 'the best score already gave too many false positives: none passes' in capsys.readouterr().out


def test_threshold_of_the_evaluated_split_is_refused(files, capsys):
    predictions = str(files / 'predictions.csv')
    arguments = [predictions, '--ann', str(files / 'ann.json'), '--split', 'test', '--threshold-from', predictions]
    assert main([*arguments, '--threshold-split', 'test']) == 2
    assert 'a threshold that is chosen on the evaluated split (test) says nothing' in capsys.readouterr().err
    del arguments[arguments.index('--split') : arguments.index('--split') + 2]
    assert main([*arguments, '--threshold-split', 'test']) == 2
    assert 'on the images that are evaluated, test among them, says nothing' in capsys.readouterr().err


def test_one_protocol_may_be_chosen(files, capsys):
    arguments = [str(files / 'predictions.csv'), '--ann', str(files / 'ann.json'), '--protocol', 'mm3d-bcs-dbt']
    assert main(arguments) == 0
    screen = capsys.readouterr().out
    assert 'mm3d-bcs-dbt' in screen and 'mm3d-2d' not in screen


@pytest.mark.parametrize(
    ('row', 'options', 'message'),
    [
        ('p1,s1,lcc,1,1,1,1,1,1,NaN', [], 'line 4: Score is not finite: nan'),
        ('p7,s1,lcc,1,1,1,1,1,1,0.1', [], 'line 4: is for the image p7/s1/lcc, which is not among the 3 evaluated'),
        (
            'p3,s1,lcc,1,1,1,1,1,1,0.1',
            ['--split', 'test'],
            'line 4: is for the image p3/s1/lcc, which is not among the 2 evaluated',
        ),
    ],
)
def test_command_names_a_bad_row_and_lenient_counts_it(files, capsys, row, options, message):
    path = files / 'predictions.csv'
    path.write_text(path.read_text() + row + '\n')
    arguments = [str(path), '--ann', str(files / 'ann.json'), *options]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert main([*arguments, '--lenient']) == 0
    assert 'Left out: 1 rows' in capsys.readouterr().out


def test_command_names_a_missing_file(files, capsys):
    assert main([str(files / 'nowhere.csv'), '--ann', str(files / 'ann.json')]) == 2
    assert 'nowhere.csv' in capsys.readouterr().err


def test_tool_imports_neither_torch_nor_openmmlab(files):
    code = (
        'import sys; from mammo_plugins.commands.evaluate import main; '
        f'code = main([{str(files / "predictions.csv")!r}, "--ann", {str(files / "ann.json")!r}]); '
        'loaded = [name for name in ("torch", "mmengine", "mmcv", "mmdet") if name in sys.modules]; '
        'sys.exit(f"{code} {loaded}" if code or loaded else 0)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_empty_prediction_file_is_a_valid_result(files, capsys):
    (files / 'predictions.csv').write_text('')
    assert main([str(files / 'predictions.csv'), '--ann', str(files / 'ann.json')]) == 0
    screen = capsys.readouterr().out
    assert '0.000' in screen and 'There are no predictions' in screen
