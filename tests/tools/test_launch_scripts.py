"""The scripts that start many processes, with stand-ins for what starts them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apis.stages.conftest import CONFIG
from tests.two_processes import free_port

SHOW_WORDS = '#!/usr/bin/env bash\nprintf "%s\\n" "$@"\n'
SCONTROL = '#!/usr/bin/env bash\n[ "$1 $2 $3" = "show hostnames here[1-2]" ] && printf "127.0.0.1\\nhere2\\n"\n'
# Starts what follows its options in as many processes as --ntasks says, as one node would.
SRUN = """#!/usr/bin/env bash
tasks=1
while [[ $1 == --* ]]; do [[ $1 == --ntasks=* ]] && tasks=${1#--ntasks=}; shift; done
for rank in $(seq 0 $((tasks - 1))); do
    SLURM_PROCID=$rank SLURM_LOCALID=$rank SLURM_NTASKS=$tasks SLURM_NODELIST='here[1-2]' "$@" &
    jobs+=($!)
done
code=0
for job in "${jobs[@]}"; do wait "$job" || code=$?; done
exit $code
"""
PLAN = """
stages = [
    dict(name='first', config='{config}'),
    dict(name='second', config='{config}', load_from='{{first}}', cfg_options={{'train_cfg.max_iters': 2}}),
    dict(name='score', kind='test', config='{config}', checkpoint='{{second}}', predictions=''),
]
"""


def run_script(name: str, words: list[object], folder: Path, programs: dict[str, str], **variables: str):
    """A script of ``tools`` with stand-ins for programs in front of the path."""
    for program, text in programs.items():
        (folder / program).write_text(text)
        (folder / program).chmod(0o755)
    environment = {**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}', **variables}
    root = Path(__file__).parents[2]
    return subprocess.run(
        ['bash', str(root / 'tools' / name), *map(str, words)],
        env=environment, cwd=root, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def after(words: list[str], script: str) -> list[str]:
    """The arguments of a tool among the words of a command line."""
    place = next(index for index, word in enumerate(words) if word.endswith(f'tools/{script}'))
    return words[place + 1 :]


@pytest.mark.parametrize(
    ('script', 'words', 'tool', 'arguments'),
    [
        ('slurm_train.sh', ['part', 'job', 'c.py', 'w', '--amp'], 'train.py', ['c.py', '--work-dir', 'w', '--amp']),
        (
            'slurm_stages.sh',
            ['part', 'job', 'plan.py', 'out', '--only', 'a', 'b'],
            'stages.py',
            ['plan.py', '--out', 'out', '--only', 'a', 'b'],
        ),
        ('slurm_predict.sh', ['part', 'job', 'in', 'out'], 'predict.py', ['in', '--out', 'out']),
    ],
)
def test_slurm_scripts_ask_for_gpus_and_start_the_tool(script, words, tool, arguments, tmp_path):
    done = run_script(script, words, tmp_path, {'srun': SHOW_WORDS}, GPUS='16', SRUN_ARGS='--time=1 --qos=low')
    shown = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert after(shown, tool) == ['--launcher', 'slurm', *arguments]
    asked = shown[: shown.index('--kill-on-bad-exit=1')]
    assert asked == [
        '--partition=part', '--job-name=job', '--ntasks=16', '--gres=gpu:8', '--ntasks-per-node=8', '--cpus-per-task=5'
    ]  # fmt: skip
    assert '--time=1' in shown and '--qos=low' in shown


def test_slurm_scripts_can_do_without_gpus(tmp_path):
    words = ['part', 'job', 'plan.py', 'out']
    done = run_script('slurm_stages.sh', words, tmp_path, {'srun': SHOW_WORDS}, GPUS='3', GPUS_PER_NODE='0')
    assert '--ntasks=3' in done.stdout and 'gres' not in done.stdout and 'per-node' not in done.stdout


@pytest.mark.parametrize(
    ('script', 'words', 'tool', 'arguments'),
    [
        ('dist_train.sh', ['c.py', '2', '--amp'], 'train.py', ['c.py', '--amp']),
        ('dist_test.sh', ['c.py', 'k.pth', '2', '--out', 'o.csv'], 'test.py', ['c.py', 'k.pth', '--out', 'o.csv']),
        ('dist_stages.sh', ['plan.py', '2', '--out', 'o'], 'stages.py', ['plan.py', '--out', 'o']),
        ('dist_predict.sh', ['in', 'o', '2', '--resume'], 'predict.py', ['in', '--out', 'o', '--resume']),
    ],
)
def test_scripts_of_one_machine_start_the_tool(script, words, tool, arguments, tmp_path):
    done = run_script(script, words, tmp_path, {'show': SHOW_WORDS}, PYTHON=str(tmp_path / 'show'), PORT='1234')
    shown = done.stdout.splitlines()
    assert after(shown, tool) == ['--launcher', 'pytorch', *arguments]
    assert '--nproc_per_node=2' in shown and '--master_port=1234' in shown


@pytest.mark.parametrize(
    ('script', 'words'),
    [
        ('dist_train.sh', 'CONFIG NUM_PROCESSES'),
        ('dist_test.sh', 'CONFIG CHECKPOINT NUM_PROCESSES'),
        ('dist_stages.sh', 'PLAN NUM_PROCESSES'),
        ('slurm_train.sh', 'PARTITION JOB_NAME CONFIG WORK_DIR'),
        ('slurm_stages.sh', 'PARTITION JOB_NAME PLAN DIR'),
        ('dist_predict.sh', 'SOURCE DIR NUM_PROCESSES'),
        ('slurm_predict.sh', 'PARTITION JOB_NAME SOURCE DIR'),
    ],
)
def test_lack_of_arguments_shows_the_usage(script, words, tmp_path):
    done = run_script(script, ['one'], tmp_path, {})
    assert done.returncode == 2 and f'tools/{script} {words} [arguments of' in done.stderr
    assert os.stat(Path(__file__).parents[2] / 'tools' / script).st_mode & stat.S_IXUSR


def test_plan_runs_in_two_processes_of_slurm(tmp_path):
    """On CPU, where Slurm's variables are all there is to meet by."""
    plan, out = tmp_path / 'plan.py', tmp_path / 'out'
    (tmp_path / 'toy.py').write_text(CONFIG)
    plan.write_text(PLAN.format(config=tmp_path / 'toy.py'))
    done = run_script(
        'slurm_stages.sh', ['p', 'j', plan, out], tmp_path, {'srun': SRUN, 'scontrol': SCONTROL},
        PYTHON=sys.executable, GPUS='2', GPUS_PER_NODE='0', OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='',
        MASTER_PORT=str(free_port()), PYTHONPATH=str(Path(__file__).parents[2]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count('2/3 second: train') == 1  # said once, by one of two
    assert (out / 'first/iter_6.pth').is_file() and (out / 'second/iter_2.pth').is_file()
    assert json.loads((out / 'score/metrics.json').read_text())['mean'] > 0
    assert {path.stem for path in (out / 'stages').iterdir()} == {'first', 'second', 'score'}
