"""Random search: what is drawn, what a trial runs with, what goes on after a stop, and what is said of failures."""

from __future__ import annotations

import json
import math
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from scipy.stats import kstest

from mammo_plugins.apis.search import best_trial, draw_trials, run_search
from mammo_plugins.apis.search import trial as trial_module
from mammo_plugins.apis.search.drawing import draw_parameters
from mammo_plugins.apis.search.search_file import Search, TrialNumber
from mammo_plugins.commands.search import main
from mammo_plugins.commands.stages import main as run_stages_command
from tests.apis.stages.conftest import CONFIG

LR, STEPS = 'optim_wrapper.optimizer.lr', 'train_cfg.max_iters'
SPACE = {LR: dict(low=1e-3, high=1e-1, log=True), STEPS: [2, 3]}


@pytest.fixture
def stages(tmp_path) -> list[dict]:
    config = tmp_path / 'toy.py'
    config.write_text(CONFIG)
    return [
        dict(name='training', config=str(config), cfg_options={LR: 5.0}),
        dict(name='score', kind='test', config=str(config), checkpoint='{training}', predictions=''),
    ]


@pytest.fixture
def search(stages) -> Search:
    return Search(stages, SPACE, TrialNumber('score', ['mean'], 'minimize'), trials=3)


@pytest.fixture
def write(tmp_path, stages):
    def write_file(**changes) -> str:
        content = dict(stages=stages, space=SPACE, number=dict(stage='score', names=['mean'], direction='minimize'))
        path = tmp_path / 'search.py'
        fields = {name: value for name, value in (content | changes).items() if value is not None}
        path.write_text(''.join(f'{name} = {value!r}\n' for name, value in fields.items()))
        return str(path)

    return write_file


@pytest.fixture
def in_this_process(monkeypatch):
    """Runs the plans of trials here; gives the list of those that ran."""
    ran = []

    def run(words, environment, stream):
        ran.append(words[3])
        with redirect_stdout(stream), redirect_stderr(stream):
            return run_stages_command(words[3:])

    monkeypatch.setattr(trial_module, '_run_python', run)
    return ran


class TestDrawing:
    def test_ranges_of_the_paper_are_drawn_evenly(self, stages):
        space = {
            'lr': dict(low=10**-5.5, high=1e-4, log=True),
            'shift': dict(low=-2.0, high=3.0),
            'count': dict(low=1, high=4),
            't': [0.01, 0.02, 0.03, 0.05, 0.1, 0.2],
        }
        drawn = draw_parameters(Search(stages, space, TrialNumber('score', ['mean'])), seed=0, count=600)
        logs = [math.log10(parameters['lr']) for parameters in drawn]
        assert kstest(logs, 'uniform', (-5.5, 1.5)).pvalue > 0.01
        assert kstest([parameters['shift'] for parameters in drawn], 'uniform', (-2, 5)).pvalue > 0.01
        for name, values in (('count', [1, 2, 3, 4]), ('t', space['t'])):
            found, counts = np.unique([parameters[name] for parameters in drawn], return_counts=True)
            assert found.tolist() == values and counts.min() > 0.7 * 600 / len(values)

    def test_first_ones_are_the_same_however_many_are_drawn(self, search):
        few, many = (draw_parameters(search, seed=4, count=count) for count in (3, 9))
        assert few == many[:3] and few != draw_parameters(search, seed=5, count=3)


class TestRunning:
    def test_parameters_win_over_the_stages_and_the_best_number_is_named(self, search, tmp_path, in_this_process):
        lines = []
        trials = run_search(search, tmp_path / 'out', announce=lines.append)
        assert len(lines) == len(in_this_process) == 3 and all(trial.state == 'done' for trial in trials)
        for trial in trials:
            folder = trial.folder(tmp_path / 'out')
            plan = Config.fromfile(folder / 'plan.py')
            assert plan.stages[0].cfg_options[LR] == trial.parameters[LR]
            numbers = json.loads((folder / 'score/metrics.json').read_text())
            assert trial.value == numbers['mean']
            assert (folder / f'training/iter_{trial.parameters[STEPS]}.pth').is_file()
        record = json.loads((tmp_path / 'out/search.json').read_text())
        assert record['best'] == best_trial(search, trials).index == int(np.argmin([trial.value for trial in trials]))
        assert len({trial.value for trial in trials}) == 3

    def test_what_is_done_stays_and_what_was_stopped_goes_on(self, search, tmp_path, in_this_process):
        out = tmp_path / 'out'
        run_search(search, out, trials=1)
        whole = run_search(search, out)
        assert len(in_this_process) == 3 and [trial.index for trial in whole] == [0, 1, 2]
        assert run_search(search, out) == whole and len(in_this_process) == 3
        assert draw_trials(search, out, trials=5)[:3] == whole
        # As after a stop within a trial: the training is done, its test is not.
        record = json.loads((out / 'search.json').read_text())
        record['trials'][1] |= dict(state='to do', value=None)
        (out / 'search.json').write_text(json.dumps(record))
        (out / 'trials/001/stages/score.json').unlink()
        shutil.rmtree(out / 'trials/001/score')
        weights = out / f'trials/001/training/iter_{whole[1].parameters[STEPS]}.pth'
        before = weights.stat().st_mtime_ns
        assert run_search(search, out)[1].value == whole[1].value
        assert weights.stat().st_mtime_ns == before

    def test_another_search_does_not_go_on_in_the_same_folder(self, search, tmp_path, in_this_process):
        run_search(search, tmp_path / 'out', trials=1)
        other = Search(search.stages, {LR: [1.0]}, search.number)
        with pytest.raises(ValueError, match='is of a search with another space: give another --out'):
            run_search(other, tmp_path / 'out')
        with pytest.raises(ValueError, match='another seed'):
            run_search(search, tmp_path / 'out', seed=1)

    def test_trial_that_fails_is_told_and_run_again(self, search, tmp_path, in_this_process, monkeypatch):
        here = trial_module._run_python

        def run(words, environment, stream):
            if '001' not in words[3]:
                return here(words, environment, stream)
            stream.write('Traceback\nout of memory\n')
            return -9

        monkeypatch.setattr(trial_module, '_run_python', run)
        trials = run_search(search, tmp_path / 'out')
        assert [trial.state for trial in trials] == ['done', 'failed', 'done']
        assert 'exit code -9: out of memory (see ' in trials[1].reason
        monkeypatch.setattr(trial_module, '_run_python', here)
        assert [trial.state for trial in run_search(search, tmp_path / 'out')] == ['done'] * 3

    def test_number_that_is_not_finite_is_no_result(self, search, tmp_path, monkeypatch):
        def run(words, environment, stream):
            score = Path(words[3]).with_name('score')
            score.mkdir()
            (score / 'metrics.json').write_text('{"mean": NaN}')
            return 0

        monkeypatch.setattr(trial_module, '_run_python', run)
        (trial,) = run_search(search, tmp_path / 'out', trials=1)
        assert (trial.state, trial.reason) == ('failed', 'mean is nan') and best_trial(search, [trial]) is None


class TestCommand:
    def test_processes_side_by_side_and_the_best_options_to_paste(self, write, tmp_path, capsys):
        words = [write(), '--out', str(tmp_path / 'out'), '--trials', '2']
        assert main([*words, '--dry-run']) == 0
        assert not (tmp_path / 'out').exists() and capsys.readouterr().out.count('to do') == 2
        assert main([*words, '--workers', '2']) == 0
        printed = capsys.readouterr().out
        record = json.loads((tmp_path / 'out/search.json').read_text())
        best = record['trials'][record['best']]
        assert f'best: trial {best["index"]}, --cfg-options {LR}={best["parameters"][LR]} ' in printed
        assert printed.count('done') == 2 and [trial['state'] for trial in record['trials']] == ['done', 'done']

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            (dict(space=None), 'a search declares stages, space and number: space is missing'),
            (dict(spaces={}), "unknown field 'spaces'"),
            (dict(config='a.py'), 'config and stages exclude each other'),
            (dict(space={LR: dict(low=1, high=0)}), 'low 1 and high 0 are no range'),
            (dict(space={LR: dict(low=0, high=1, log=True)}), 'low 0 has no logarithm'),
            (dict(space={LR: dict(low=0, high=1, step=2)}), "has the unknown field 'step'"),
            (dict(space={LR: []}), 'a list holds numbers or texts'),
            (dict(number=dict(stage='training', names=['mean'])), "of stage 'training', a train: it has to be a test"),
            (dict(number=dict(stage='scor', names=['mean'])), "did you mean 'score'"),
            (dict(number=dict(stage='score', names=['mean'], direction='up')), "direction 'up' is neither maximize"),
            (dict(number=dict(stage='score', names=['Dice'])), "stage 'score' gives no number 'Dice': it gives mean"),
            (dict(cfg_options={'model.type': 'Nothing'}), 'error: trial 0: '),
            (dict(trials=0), 'trials must be at least 1'),
        ],
    )
    def test_search_that_cannot_run_is_an_error_in_a_sentence(
        self, write, tmp_path, capsys, in_this_process, changes, reason
    ):
        assert main([write(**changes), '--out', str(tmp_path / 'out'), '--trials', '2']) == 2
        assert reason in capsys.readouterr().err and len(in_this_process) <= 1

    def test_missing_optuna_names_the_extra(self, write, tmp_path, capsys, monkeypatch):
        monkeypatch.setitem(__import__('sys').modules, 'optuna', None)
        assert main([write(), '--out', str(tmp_path / 'out')]) == 2
        assert "pip install 'mammo_plugins[search]'" in capsys.readouterr().err
