"""Plans of toy trainings: what is done is skipped, what was stopped goes on, what is missing is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mammo_plugins.apis.stages import StageFolder, make_plan, run_stages
from mammo_plugins.commands.stages import main
from tests.warm_processes import run_script


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=False)['state_dict']


def write_plan(folder: Path, stages: list[dict], name: str = 'plan.py') -> Path:
    path = folder / name
    path.write_text(f'stages = {stages!r}\n')
    return path


def states(stages: list[dict], out: Path) -> list[str]:
    folder = StageFolder(make_plan(stages), out)
    return [folder.state(stage).name for stage in folder.plan.stages]


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / 'out'


def test_stages_take_what_earlier_ones_leave(toy_stages, out, capsys, tmp_path):
    plan = write_plan(tmp_path, toy_stages)
    assert main([str(plan), '--out', str(out), '--dry-run']) == 0
    assert capsys.readouterr().out.count('to do') == 3
    assert not out.exists()
    assert main([str(plan), '--out', str(out)]) == 0
    first, second = weights(out / 'first/iter_6.pth'), weights(out / 'second/iter_2.pth')
    # Had it begun from random weights, two steps would not have brought the second closer to the sum of four numbers.
    error = [(state['linear.weight'] - 1).abs().max().item() for state in (first, second)]
    assert error[1] < error[0] < 1
    assert json.loads((out / 'score/metrics.json').read_text())['mean'] > 0
    (out / 'run.json').unlink()  # each run writes one
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.is_file()}
    capsys.readouterr()
    assert main([str(plan), '--out', str(out)]) == 0
    assert capsys.readouterr().out.count('done before') == 3
    (out / 'run.json').unlink()
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.is_file()} == before


def test_stages_of_one_second_write_into_folders_of_their_own(toy_stages, out, monkeypatch):
    second = time.localtime(0)
    monkeypatch.setattr(time, 'localtime', lambda *_: second)  # what mmengine names visualizers and loggers by
    run_stages(make_plan(toy_stages), out, only=['first', 'second'])
    run_stages(make_plan(toy_stages), out, redo=['first'], only=['first'])
    for stage in 'first', 'second':
        (written,) = (out / stage).glob('*/vis_data/config.py')
        assert str(out / stage) in written.read_text()


def test_changed_config_is_said_and_needs_redo(toy_stages, out, capsys, tmp_path):
    run_stages(make_plan(toy_stages), out, only=['first', 'second'])
    before = weights(out / 'second/iter_2.pth')
    toy_stages[0]['cfg_options'] = {'optim_wrapper.optimizer.lr': 0.2}
    assert states(toy_stages, out) == ['changed', 'done', 'to do']
    plan = write_plan(tmp_path, toy_stages)
    assert main([str(plan), '--out', str(out)]) == 2
    message = capsys.readouterr().err
    assert "stage 'first'" in message and 'another optim_wrapper.optimizer.lr' in message and '--redo' in message
    assert main([str(plan), '--out', str(out), '--redo']) == 0  # the second follows, since its input has changed
    assert states(toy_stages, out) == ['done', 'done', 'done']
    assert not torch.equal(weights(out / 'second/iter_2.pth')['linear.weight'], before['linear.weight'])


def test_file_that_nothing_makes_is_missed_before_the_first_stage(toy_stages, out, tmp_path):
    toy_stages[1]['inputs'] = [str(tmp_path / 'outlines.json')]
    with pytest.raises(ValueError, match=r"'second' reads .*outlines.json, which does not exist"):
        run_stages(make_plan(toy_stages), out)
    assert not (out / 'first').exists()
    (tmp_path / 'make.py').write_text('print("made")')
    maker = dict(name='maker', kind='script', command=[str(tmp_path / 'make.py')])
    with pytest.raises(ValueError, match=r"'second' reads"):  # the script may make it, and did not
        run_stages(make_plan([toy_stages[0], maker, toy_stages[1]]), out)
    assert (out / 'first').exists()


def test_missing_input_names_stage_file_and_command(toy_stages, out, capsys, tmp_path):
    plan = write_plan(tmp_path, toy_stages)
    assert main([str(plan), '--out', str(out), '--from', 'second']) == 2
    message = capsys.readouterr().err
    assert "stage 'second' takes something from stage 'first'" in message
    assert f'mammo stages {plan} --out {out} --only first' in message
    run_stages(make_plan(toy_stages), out, only=['first'])
    for path in (out / 'first').glob('*.pth'):
        path.unlink()
    with pytest.raises(ValueError, match=r"'second' takes \{first\}, but .*first has nothing of .*--redo first"):
        run_stages(make_plan(toy_stages), out, only=['second'])
    toy_stages[0]['inputs'] = [str(tmp_path / 'outlines.json')]
    with pytest.raises(ValueError, match=r"'first' reads .*outlines.json, which does not exist"):
        run_stages(make_plan(toy_stages), out / 'new')


def test_best_checkpoint_that_nobody_kept_is_said(toy_stages, out):
    toy_stages[1]['load_from'] = '{first.best}'
    with pytest.raises(ValueError, match=r"takes \{first.best\}, but .*first has last of stage 'first' .*save_best"):
        run_stages(make_plan(toy_stages), out)


def test_killed_stage_goes_on_exactly(toy_stages, out, repository, tmp_path):
    whole = tmp_path / 'whole'
    hook = dict(type='KillOnce', step=5, note=str(tmp_path / 'killed'))
    toy_stages[0]['cfg_options'] = {'custom_hooks': [hook]}
    (tmp_path / 'killed').touch()
    run_stages(make_plan(toy_stages), whole, only=['first'])
    (tmp_path / 'killed').unlink()
    plan = write_plan(tmp_path, toy_stages)
    words = [sys.executable, 'tools/stages.py', str(plan), '--out', str(out), '--only', 'first']
    environment = {**os.environ, 'PYTHONPATH': str(repository)}
    killed = subprocess.run(words, cwd=repository, env=environment, capture_output=True, timeout=200, check=False)
    assert killed.returncode == -9 and states(toy_stages, out)[0] == 'partial'
    assert not (out / 'stages/first.json').exists() and (out / 'first/iter_4.pth').exists()
    stamp = (out / 'first/iter_4.pth').stat().st_mtime_ns
    run_stages(make_plan(toy_stages), out, only=['first'])
    assert (out / 'first/iter_4.pth').stat().st_mtime_ns == stamp  # not trained again
    one, other = weights(whole / 'first/iter_6.pth'), weights(out / 'first/iter_6.pth')
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_plan_of_the_docs_runs(out, repository, tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(repository))
    page = (repository / 'docs/stages.md').read_text()
    plan = tmp_path / 'plan.py'
    plan.write_text(page.split('```python\n')[1].split('```')[0])
    tiny = ['train_cfg.max_iters=1', 'train_dataloader.batch_size=2']
    assert main([str(plan), '--out', str(out), '--cfg-options', *tiny]) == 0
    assert (out / 'dbt/iter_1.pth').is_file()
    assert (out / 'score/predictions.csv').read_text().startswith('PatientID,StudyUID,View')
    assert 'mm3d/R@0.25' in (out / 'score/metrics.json').read_text()
    inputs = json.loads((out / 'stages/dbt.json').read_text())['inputs']
    assert set(inputs) == {'{ffdm}', '{annotations}'} and all(inputs.values())


def test_command_that_fails_or_leaves_nothing_is_no_finished_stage(out):
    stages = [dict(name='numbers', kind='command', command=['doctor', '--nothing'], files={'n': 'n.json'})]
    with pytest.raises(RuntimeError, match=r'mammo doctor --nothing ended with exit code 2'):
        run_stages(make_plan(stages), out)
    stages[0]['command'] = ['evaluate', '--help']
    with pytest.raises(RuntimeError, match=r'mammo evaluate --help left no .*out/numbers/n.json'):
        run_stages(make_plan(stages), out, redo=())
    assert states(stages, out) == ['partial']


def test_two_processes_run_the_plan_as_one(toy_stages, out, tmp_path):
    plan = write_plan(tmp_path, toy_stages)
    run_stages(make_plan(toy_stages), tmp_path / 'one')
    for stage in toy_stages:
        stage['cfg_options'] = {**stage.get('cfg_options', {}), 'train_dataloader.batch_size': 2}
    plan = write_plan(tmp_path, toy_stages, 'half.py')
    arguments = [plan, '--out', out, '--launcher', 'pytorch']
    done = run_script('tools/stages.py', arguments, processes=2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count('2/3 second: train') == 1  # said once
    one, two = weights(tmp_path / 'one/second/iter_2.pth'), weights(out / 'second/iter_2.pth')
    assert max((one[name] - two[name]).abs().max().item() for name in one) < 1e-6
    again = run_script('tools/stages.py', arguments, processes=2)
    assert again.returncode == 0 and again.stdout.count('done before') == 3
    assert states(toy_stages, out) == ['done', 'done', 'done']


def test_stage_has_processes_of_its_own(toy_stages, out, repository, tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(repository))
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    run_stages(make_plan(toy_stages), tmp_path / 'one', only=['first'])
    toy_stages[0] |= {'processes': 2, 'cfg_options': {'train_dataloader.batch_size': 2}}
    run_stages(make_plan(toy_stages), out, only=['first'])
    one, two = weights(tmp_path / 'one/first/iter_6.pth'), weights(out / 'first/iter_6.pth')
    assert max((one[name] - two[name]).abs().max().item() for name in one) < 1e-6
