"""Training on phantoms: every entry config, transfer from FFDM to DBT, exact resuming, clear refusals."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mammo_plugins.apis.train.training import train
from mammo_plugins.compat import UntrustedCheckpointError
from tests.apis.conftest import DEMO_CONFIGS, quick_options


def weights(work_dir: Path, iteration: int) -> dict[str, torch.Tensor]:
    return torch.load(work_dir / f'iter_{iteration}.pth', weights_only=False)['state_dict']


@pytest.mark.parametrize('name', DEMO_CONFIGS)
def test_demo_config_trains_a_step_and_validates(name, phantom_root, tmp_path):
    runner = train(f'configs/demo/{name}.py', work_dir=tmp_path, cfg_options=quick_options(phantom_root))
    assert runner.iter == 1
    assert (tmp_path / 'iter_1.pth').is_file()
    assert 0 <= runner.message_hub.get_scalar('val/mm3d/R@0.5').current() <= 1


def test_ffdm_weights_move_to_dbt_by_load_from(phantom_root, tmp_path):
    train('configs/demo/mnm_ffdm.py', work_dir=tmp_path / 'ffdm', cfg_options=quick_options(phantom_root))
    start = str(tmp_path / 'ffdm/iter_1.pth')
    runner = train(
        'configs/demo/mm3d_dbt.py',
        work_dir=tmp_path / 'dbt',
        cfg_options=quick_options(phantom_root, load_from=start, **{'optim_wrapper.optimizer.lr': 0.0}),
    )
    before = weights(tmp_path / 'ffdm', 1)
    after = runner.model.state_dict()
    assert before.keys() == after.keys()
    moved = [name for name, value in before.items() if 'running' not in name and 'num_batches' not in name]
    assert all(torch.equal(before[name], after[name]) for name in moved)


def test_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(phantom_root, tmp_path):
    options = {'default_hooks.checkpoint.interval': 2}
    straight, broken = tmp_path / 'straight', tmp_path / 'broken'
    config = 'configs/demo/mm3d_dbt.py'
    train(config, work_dir=straight, cfg_options=quick_options(phantom_root, 4, **options))
    broken.mkdir()
    (broken / 'last_checkpoint').write_text(str(straight / 'iter_2.pth'))
    train(config, work_dir=broken, resume=True, cfg_options=quick_options(phantom_root, 4, **options))
    expected, resumed = weights(straight, 4), weights(broken, 4)
    assert expected.keys() == resumed.keys()
    different = [name for name in expected if not torch.equal(expected[name], resumed[name])]
    assert not different


def test_killed_run_resumes_to_the_weights_of_an_uninterrupted_one(repository, phantom_root, tmp_path):
    options = quick_options(phantom_root, 20, **{'default_hooks.checkpoint.interval': 4})
    config, killed, straight = 'configs/demo/mm3d_dbt.py', tmp_path / 'killed', tmp_path / 'straight'
    overrides = [f'{key}={value}' for key, value in options.items()]
    command = [sys.executable, 'tools/train.py', config, '--work-dir', str(killed), '--cfg-options', *overrides]
    process = subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (killed / 'iter_8.pth').exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()  # SIGKILL: nothing is tidied up
    assert process.wait() == -signal.SIGKILL, 'the run ended before it could be killed'
    assert not (killed / 'iter_20.pth').exists()
    train(config, work_dir=killed, resume=True, cfg_options=options)
    train(config, work_dir=straight, cfg_options=options)
    expected, resumed = weights(straight, 20), weights(killed, 20)
    assert [name for name in expected if not torch.equal(expected[name], resumed[name])] == []


def test_mixed_precision_without_a_gpu_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match=r'--amp needs a GPU'):
        train('configs/demo/mm3d_dbt.py', work_dir=tmp_path, amp=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='mixed precision needs a GPU')
def test_mixed_precision_trains(phantom_root, tmp_path):
    runner = train('configs/demo/mm3d_dbt.py', work_dir=tmp_path, amp=True, cfg_options=quick_options(phantom_root))
    assert runner.cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert torch.isfinite(torch.tensor(runner.message_hub.get_scalar('train/loss').current()))


def test_missing_annotation_file_names_the_commands_that_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'make_phantoms\.py') as error:
        train('configs/demo/mnm_ffdm.py', work_dir=tmp_path, cfg_options=quick_options(tmp_path / 'nowhere'))
    assert 'convert_dataset.py' in str(error.value)


def test_unknown_config_lists_close_names(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'mm3d_dbt\.py'):
        train('configs/mm3d_dtb.py', work_dir=tmp_path)


class Malicious:
    def __reduce__(self):
        return (Path.touch, (Path(self.target),))


def test_checkpoint_with_code_is_refused_and_does_not_run(phantom_root, tmp_path):
    trap = Malicious()
    trap.target = tmp_path / 'executed'
    checkpoint = tmp_path / 'bad.pth'
    torch.save({'state_dict': {}, 'meta': trap}, checkpoint, pickle_module=pickle)
    with pytest.raises(UntrustedCheckpointError, match=r'--trust-checkpoint'):
        train(
            'configs/demo/mnm_ffdm.py',
            work_dir=tmp_path,
            cfg_options=quick_options(phantom_root, load_from=str(checkpoint)),
        )
    assert not trap.target.exists()


def test_annotation_file_of_the_command_line_takes_the_place_of_the_config(phantom_root, tmp_path):
    options = {
        key: value for key, value in quick_options(phantom_root).items() if 'data_root' not in key and 'ann_' not in key
    }
    config = 'configs/demo/mnm_ffdm.py'
    runner = train(config, work_dir=tmp_path, ann_file=phantom_root / 'phantoms.json', cfg_options=options)
    assert runner.iter == 1 and 'val/mm3d/R@0.5' in runner.message_hub.log_scalars
    with pytest.raises(FileNotFoundError, match='none.json does not exist: make it with'):
        train(config, work_dir=tmp_path, ann_file=tmp_path / 'none.json', cfg_options=options)
