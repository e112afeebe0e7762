"""Models by name or file through the commands: what they predict, and that nothing about them can change unseen."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mammo_plugins.apis.model_bundle import find_bundle, list_bundles, unpack_model
from mammo_plugins.apis.predict import predict
from mammo_plugins.commands.main import main
from mammo_plugins.io import read_annotations
from mammo_plugins.io.model_bundle import write_bundle

from .conftest import export

pytestmark = pytest.mark.slow  # the checkpoint is trained
CONFIG = 'configs/demo/mnm_ffdm.py'


@pytest.fixture(name='exam', scope='module')
def exam_fixture(phantom_root) -> Path:
    """The folder of the images of one study."""
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM')
    return annotations.resolve_path(annotations.images[0]).parents[1]


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_model_predicts_what_its_config_and_checkpoint_predict(bundle, ffdm_checkpoint, exam, tmp_path):
    assert main(['predict', str(exam), '--model', str(bundle), '--out', str(tmp_path / 'a'), '--device', 'cpu']) == 0
    predict(exam, config=CONFIG, checkpoint=ffdm_checkpoint, out=tmp_path / 'b', device='cpu')
    assert rows(tmp_path / 'a' / 'predictions.csv') == rows(tmp_path / 'b' / 'predictions.csv') != []


def test_output_says_which_model_and_what_its_limits_are(bundle, exam, tmp_path, capsys):
    assert main(['predict', str(exam), '--model', str(bundle), '--out', str(tmp_path), '--device', 'cpu']) == 0
    digest = find_bundle(bundle).digest
    sentence = f'Model toy-ffdm 1.0 ({digest[:12]}): Trained for one step.'
    assert f'note: {sentence}' in capsys.readouterr().out
    assert sentence in (tmp_path / 'report.html').read_text()
    record = json.loads((tmp_path / 'run.json').read_text())
    assert record['model'] == {'name': 'toy-ffdm', 'version': '1.0', 'digest': digest}
    assert record['error'] == '' and record['seconds'] > 0 and record['device'] == 'cpu'
    assert {file['name'] for file in record['files']} >= {'predictions.csv', 'report.html', 'studies/'}


def test_imported_model_goes_by_its_name(bundle, models, capsys):
    assert main(['model', 'import', str(bundle)]) == 0
    assert (models / 'toy-ffdm-1.0.zip').read_bytes() == bundle.read_bytes()
    assert find_bundle('toy-ffdm').digest == find_bundle('toy-ffdm@1.0').digest == find_bundle(bundle).digest
    assert main(['model', 'list', '--json']) == 0
    listed = {one['name']: one for one in json.loads(capsys.readouterr().out.split('\n', 1)[1])}
    assert listed['toy-ffdm']['limitations'] == 'Trained for one step.'


def test_latest_version_is_taken(bundle, ffdm_checkpoint, tmp_path):
    newer = export(tmp_path, ffdm_checkpoint, version='1.10')
    older = tmp_path / 'older.zip'
    older.write_bytes(export(tmp_path, ffdm_checkpoint, version='1.9').read_bytes())
    newer = export(tmp_path, ffdm_checkpoint, version='1.10')
    for path in (newer, older, bundle):
        assert main(['model', 'import', str(path)]) == 0
    assert find_bundle('toy-ffdm').metadata['version'] == '1.10'


def test_another_model_of_one_name_and_version_is_refused(bundle, ffdm_checkpoint, tmp_path, capsys):
    assert main(['model', 'import', str(bundle)]) == 0
    other = export(tmp_path, ffdm_checkpoint, task='something else')
    assert main(['model', 'import', str(other)]) == 2
    assert 'is there with other content' in capsys.readouterr().err


def test_changed_weights_are_refused(bundle, exam, tmp_path, capsys):
    changed = tmp_path / 'changed.zip'
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(changed, 'w') as target:
        for name in source.namelist():
            content = bytearray(source.read(name))
            if name == 'model.safetensors':
                content[-1] ^= 1
            target.writestr(name, bytes(content))
    for command in (['model', 'import', str(changed)], ['model', 'info', str(changed)],
                    ['predict', str(exam), '--model', str(changed), '--out', str(tmp_path / 'out')]):  # fmt: skip
        assert main(command) == 2
        assert 'model.safetensors is not as it was exported' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['metadata.json', 'thresholds.json', 'README.md'])
def test_texts_changed_after_a_first_use_are_refused(bundle, exam, tmp_path, name, capsys):
    path = tmp_path / 'model.zip'
    path.write_bytes(bundle.read_bytes())
    assert main(['model', 'info', str(path)]) == 0
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(path, 'w') as target:
        for other in source.namelist():
            content = source.read(other)
            target.writestr(other, content.replace(b'Trained', b'Praised') + b' ' if other == name else content)
    asked = ['--card'] if name == 'README.md' else ['--json']
    assert main(['model', 'info', str(path), *asked]) == 2
    assert f'{name} is not as it was exported' in capsys.readouterr().err
    if name != 'README.md':  # which predicting does not read
        assert main(['predict', str(exam), '--model', str(path), '--out', str(tmp_path / 'out')]) == 2


def test_bundle_that_writes_where_it_likes_is_refused_by_the_command(bundle, exam, tmp_path, capsys):
    with zipfile.ZipFile(bundle) as source:
        files = {name: source.read(name) for name in source.namelist() if name != 'SHA256SUMS'}
    config = json.loads(files['config.json'])
    config['test_evaluator'] = [{'type': 'DumpResults', 'out_file_path': str(tmp_path / 'taken.pkl')}]
    write_bundle(tmp_path / 'model.zip', {**files, 'config.json': json.dumps(config).encode()})
    arguments = ['--model', str(tmp_path / 'model.zip'), '--out', str(tmp_path / 'out')]
    assert main(['predict', str(exam), *arguments]) == 2
    assert 'test_evaluator holds' in capsys.readouterr().err


def test_what_was_changed_after_unpacking_is_unpacked_again(bundle):
    unpacked = unpack_model(find_bundle(bundle))
    before = unpacked.checkpoint.read_bytes()
    unpacked.checkpoint.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert unpack_model(find_bundle(bundle)).checkpoint.read_bytes() == before


def test_half_stores_16_bits_and_computes_with_32(ffdm_checkpoint, exam, tmp_path):
    path = export(tmp_path, ffdm_checkpoint, '--half')
    weights = load_file(unpack_model(find_bundle(path)).checkpoint)
    assert {value.dtype for value in weights.values() if value.is_floating_point()} == {torch.float16}
    assert predict(exam, model=path, out=tmp_path / 'out', device='cpu').summary.num_images > 0


def test_weights_too_large_for_16_bits_are_refused(ffdm_checkpoint, tmp_path):
    content = torch.load(ffdm_checkpoint, weights_only=False)
    name = next(key for key, value in content['state_dict'].items() if value.is_floating_point() and value.dim() > 1)
    content['state_dict'][name] += 1e6
    torch.save(content, tmp_path / 'large.pth')
    with pytest.raises(AssertionError):  # the command ends with 2
        export(tmp_path, tmp_path / 'large.pth', '--half')
    export(tmp_path, tmp_path / 'large.pth')


def test_thresholds_come_from_the_split_that_is_named(phantom_root, ffdm_checkpoint, tmp_path, capsys):
    found = tmp_path / 'found.csv'
    plain = export(tmp_path, ffdm_checkpoint)
    ann = str(phantom_root / 'phantoms.json')
    arguments = ['--ann', ann, '--out', str(found), '--work-dir', str(tmp_path / 'w'), '--split', 'validation']
    assert main(['test', '--model', str(plain), *arguments]) == 0
    path = export(
        tmp_path, ffdm_checkpoint, '--thresholds-from', str(found), '--ann', ann, '--modality', 'FFDM',
        '--fp-per-volume', '2', '5',
    )  # fmt: skip
    points = find_bundle(path).thresholds()
    images = read_annotations(ann).select(modality='FFDM', split='validation').images
    assert [(point['split'], point['fp_per_volume'], point['num_images']) for point in points] == [
        ('validation', 2, len(images)),
        ('validation', 5, len(images)),
    ]
    capsys.readouterr()
    score = [
        'evaluate',
        str(found),
        '--ann',
        ann,
        '--modality',
        'FFDM',
        '--split',
        'validation',
        '--protocol',
        'mm3d-2d',
    ]
    assert main([*score, '--model', str(path), '--threshold-fp', '2', '--json', str(tmp_path / 'e.json')]) == 0
    result = json.loads((tmp_path / 'e.json').read_text())['results']['mm3d-2d']['operating_point']
    assert result['threshold'] == points[0]['score']
    assert main([*score, '--model', str(path), '--threshold-fp', '0.1']) == 2
    assert 'it has 2 (mm3d-2d), 5 (mm3d-2d)' in capsys.readouterr().err
    assert main([*score, '--model', str(path), '--threshold-fp', '2', '--targets', 'mass']) == 2
    assert 'by mm3d-2d on mass: it has 2 (mm3d-2d)' in capsys.readouterr().err


def test_thresholds_of_a_type_of_finding_are_for_that_type(phantom_root, ffdm_checkpoint, tmp_path, capsys):
    found, ann = tmp_path / 'found.csv', str(phantom_root / 'phantoms.json')
    images = ['--ann', ann, '--split', 'validation']
    assert main(['test', '--model', str(export(tmp_path, ffdm_checkpoint)), *images, '--out', str(found),
                 '--work-dir', str(tmp_path / 'w')]) == 0  # fmt: skip
    chosen = ['--fp-per-volume', '2', '--modality', 'FFDM', '--targets', 'mass']
    path = export(tmp_path, ffdm_checkpoint, '--thresholds-from', str(found), '--ann', ann, *chosen)
    (point,) = find_bundle(path).thresholds()
    assert point['targets'] == ['mass']
    score = ['evaluate', str(found), *images, '--modality', 'FFDM', '--protocol', 'mm3d-2d', '--model', str(path)]
    json_out = tmp_path / 'e.json'
    assert main([*score, '--threshold-fp', '2', '--targets', 'mass', '--json', str(json_out)]) == 0
    assert json.loads(json_out.read_text())['results']['mm3d-2d']['operating_point']['threshold'] == point['score']
    assert main([*score, '--threshold-fp', '2']) == 2
    assert 'it has 2 (mm3d-2d, mass)' in capsys.readouterr().err


def test_card_is_filled_and_its_blanks_are_named(ffdm_checkpoint, phantom_root, tmp_path, capsys):
    path = export(tmp_path, ffdm_checkpoint, data_source='six phantoms')
    said = capsys.readouterr().out
    assert 'to be written by a person: description, authors' in said and 'data_source' not in said
    assert main(['model', 'info', str(path), '--card']) == 0
    card = capsys.readouterr().out
    assert 'Training data: six phantoms' in card and '[intended use: to be written by a person]' in card
    assert '**Trained for one step.**' in card


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--model', 'no-such'], "no model 'no-such': it is no file"),
        (['--model', 'x', '--config', CONFIG], 'leave config and checkpoint out'),
        (['--config', CONFIG], 'name a model: --model NAME_OR_ZIP'),
    ],
)
def test_choice_that_names_no_model_is_one_sentence(arguments, message, exam, tmp_path, capsys):
    assert main(['predict', str(exam), *arguments, '--out', str(tmp_path / 'out')]) == 2
    assert message in capsys.readouterr().err


def test_test_of_a_model_needs_annotations(bundle, capsys):
    assert main(['test', '--model', str(bundle)]) == 2
    assert 'give --ann' in capsys.readouterr().err


def test_figures_take_a_model_for_a_column(bundle, phantom_root, tmp_path):
    figures = ['figures', '--ann', str(phantom_root / 'phantoms.json'), '--model', 'M&M', str(bundle)]
    assert main([*figures, '--out', str(tmp_path), '--fp-per-volume', '5', '--device', 'cpu']) == 0
    assert json.loads((tmp_path / 'run.json').read_text())['command'] == 'figures'


def test_models_and_info_are_told_without_torch(bundle, models, tmp_path):
    script = 'import sys; from mammo_plugins.commands.main import main; code = main(sys.argv[1:]); ' \
             'assert "torch" not in sys.modules, "torch"; sys.exit(code)'  # fmt: skip
    for command in (
        ['model', 'import', str(bundle)],
        ['model', 'list'],
        ['model', 'info', 'toy-ffdm'],
        ['info', '--json'],
    ):
        done = subprocess.run([sys.executable, '-c', script, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content['exit_codes'].keys() == {'0', '1', '2', '3'} and 'predict' in content['commands']
    assert 'toy-ffdm' in [model['name'] for model in content['models']]


def test_damaged_file_in_the_folder_of_models_hides_no_other(bundle, models, tmp_path):
    assert main(['model', 'import', str(bundle)]) == 0
    (models / 'broken.zip').write_bytes(b'PK')
    assert 'toy-ffdm' in [one.name for one in list_bundles()]
