from __future__ import annotations

import os
import pickle
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader, load_checkpoint

from mammo_plugins.compat import (
    UnreadableCheckpointError,
    UntrustedCheckpointError,
    checkpoints,
    install_safe_checkpoint_loading,
    load_checkpoint_file,
)


@pytest.fixture(autouse=True)
def mmengine_scope() -> None:
    """The runners here use mmengine's own registry, as a project without mmdet does."""
    init_default_scope('mmengine')


class WritesFile:
    """Creates a file when it is unpickled, as an attacker's checkpoint would do worse."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


class PrivateMethodOfHistoryBuffer:
    def __reduce__(self) -> tuple:
        return getattr, (HistoryBuffer, '__init__')


class TinyModel(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, inputs: torch.Tensor, data_samples: object = None, mode: str = 'tensor') -> dict:
        return {'loss': self.layer(inputs).square().mean()}


@pytest.fixture
def safe_mmengine() -> Iterator[None]:
    before = dict(CheckpointLoader._schemes)
    install_safe_checkpoint_loading()
    yield
    CheckpointLoader._schemes = before


def _tiny_runner(work_dir: Path, epochs: int, **settings: object) -> Runner:
    torch.manual_seed(0)
    data = [{'inputs': torch.tensor([float(index), 1.0])} for index in range(4)]
    return Runner(
        TinyModel(),
        work_dir=str(work_dir),
        train_dataloader={
            'dataset': data,
            'batch_size': 2,
            'num_workers': 0,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'collate_fn': {'type': 'default_collate'},
        },
        train_cfg={'by_epoch': True, 'max_epochs': epochs},
        optim_wrapper={'optimizer': {'type': 'AdamW', 'lr': 0.1}},
        param_scheduler=[
            {'type': 'LinearLR', 'start_factor': 0.1, 'by_epoch': False, 'end': 3},
            {'type': 'MultiStepLR', 'milestones': [3], 'by_epoch': True, 'end': 4},
        ],
        default_hooks={'checkpoint': {'type': 'CheckpointHook', 'interval': 1}},
        custom_hooks=[{'type': 'EMAHook'}],
        default_scope='mmengine',
        experiment_name=uuid.uuid4().hex,
        **settings,
    )


def test_resumed_training_equals_uninterrupted_training(tmp_path, safe_mmengine):
    _tiny_runner(tmp_path / 'interrupted', epochs=2).train()
    resumed = _tiny_runner(tmp_path / 'interrupted', epochs=4, resume=True)
    resumed.train()
    uninterrupted = _tiny_runner(tmp_path / 'uninterrupted', epochs=4)
    uninterrupted.train()
    assert resumed.epoch == 4
    torch.testing.assert_close(resumed.model.state_dict(), uninterrupted.model.state_dict(), rtol=0, atol=0)


def test_training_checkpoint_holds_logged_values_and_optimizer(tmp_path, safe_mmengine):
    _tiny_runner(tmp_path / 'run', epochs=1).train()
    checkpoint = load_checkpoint_file(tmp_path / 'run' / 'epoch_1.pth')
    assert isinstance(checkpoint['message_hub']['log_scalars']['train/loss'], HistoryBuffer)
    assert checkpoint['message_hub']['log_scalars']['train/loss'].mean() > 0
    assert len(checkpoint['optimizer']['state']) == 2
    assert len(checkpoint['param_schedulers']) == 2


def test_numpy_and_config_values_survive(tmp_path):
    path = tmp_path / 'values.pth'
    values = {
        'scalar': np.float32(1.5),
        'array': np.arange(6, dtype=np.int16).reshape(2, 3),
        'text': np.array(['malignant', 'benign']),
        'config': ConfigDict(model={'type': 'M&M', 'heads': [1, 2]}),
    }
    torch.save(values, path)
    loaded = load_checkpoint_file(path)
    assert loaded['scalar'] == values['scalar']
    np.testing.assert_array_equal(loaded['array'], values['array'])
    np.testing.assert_array_equal(loaded['text'], values['text'])
    assert loaded['config'].model.heads == [1, 2]


def test_arrays_written_by_numpy_1_are_read(tmp_path):
    path = tmp_path / 'numpy1.pth'
    torch.save({'array': np.arange(3)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert b'numpy._core.multiarray' in content or np.__version__.startswith('1.')
    path.write_bytes(content.replace(b'numpy._core.multiarray', b'numpy.core.multiarray'))
    assert load_checkpoint_file(path)['array'].tolist() == [0, 1, 2]


@pytest.mark.parametrize('zip_format', [True, False])
def test_checkpoint_that_would_run_code_is_refused_and_does_not_run(tmp_path, zip_format):
    path, victim = tmp_path / 'evil.pth', tmp_path / 'victim'
    torch.save({'state_dict': {}, 'x': WritesFile(victim)}, path, _use_new_zipfile_serialization=zip_format)
    with pytest.raises(UntrustedCheckpointError, match='posix.mkdir') as refusal:
        load_checkpoint_file(path)
    assert str(path) in str(refusal.value)
    assert '--trust-checkpoint' in str(refusal.value)
    assert not victim.exists()


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
def test_plain_pickle_is_refused_and_does_not_run(tmp_path):
    path, victim = tmp_path / 'evil.pkl', tmp_path / 'victim'
    path.write_bytes(pickle.dumps(WritesFile(victim)))
    with pytest.raises(UntrustedCheckpointError, match='evil.pkl.*--trust-checkpoint'):
        load_checkpoint_file(path)
    assert not victim.exists()


def test_getattr_serves_public_methods_of_history_buffers_only(tmp_path):
    path = tmp_path / 'getattr.pth'
    torch.save({'x': PrivateMethodOfHistoryBuffer()}, path)
    with pytest.raises(UntrustedCheckpointError, match='builtins.getattr'):
        load_checkpoint_file(path)


def test_trusted_checkpoint_opens(tmp_path):
    path, victim = tmp_path / 'mine.pth', tmp_path / 'made'
    torch.save({'x': WritesFile(victim)}, path)
    load_checkpoint_file(path, trusted=True)
    assert victim.exists()


def test_allow_list_does_not_outlive_the_call(tmp_path):
    path = tmp_path / 'history.pth'
    torch.save({'x': HistoryBuffer([1.0], [1])}, path)
    load_checkpoint_file(path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='absent.pth'):
        load_checkpoint_file(tmp_path / 'absent.pth')


def test_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / 'short.pth'
    torch.save({'weight': torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UnreadableCheckpointError, match='short.pth is a damaged checkpoint'):
        load_checkpoint_file(path)


def test_other_file_types_are_named(tmp_path):
    path = tmp_path / 'notes.pth'
    path.write_text('<html>404</html>')
    with pytest.raises(UnreadableCheckpointError, match='notes.pth is no PyTorch checkpoint'):
        load_checkpoint_file(path)


def test_url_is_downloaded_once_and_read_safely(tmp_path, monkeypatch, safe_mmengine):
    served, downloads = tmp_path / 'served.pth', []
    torch.save({'x': WritesFile(tmp_path / 'victim')}, served)

    def fake_download(url: str, destination: str) -> None:
        downloads.append(url)
        Path(destination).write_bytes(served.read_bytes())

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fake_download)
    monkeypatch.setattr(checkpoints, 'require_reachable', lambda url, what, instead: None)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    url = 'https://example.org/models/weights.pth?download=1'
    for _ in range(2):
        with pytest.raises(UntrustedCheckpointError, match='example.org'):
            CheckpointLoader.load_checkpoint(url)
    assert downloads == [url]
    assert (tmp_path / 'hub' / 'checkpoints' / 'weights.pth').is_file()


def test_mmengine_refuses_where_it_would_fall_back_to_unsafe_loading(tmp_path, safe_mmengine):
    path, victim = tmp_path / 'evil.pth', tmp_path / 'victim'
    torch.save({'state_dict': {}, 'x': WritesFile(victim)}, path)
    with pytest.raises(UntrustedCheckpointError):
        load_checkpoint(TinyModel(), str(path))
    assert not victim.exists()


def test_mmengine_opens_what_the_user_trusts(tmp_path, safe_mmengine):
    path = tmp_path / 'mine.pth'
    torch.save({'state_dict': TinyModel().state_dict(), 'x': WritesFile(tmp_path / 'made')}, path)
    install_safe_checkpoint_loading(trusted=True)
    load_checkpoint(TinyModel(), str(path), strict=True)
    assert (tmp_path / 'made').exists()


def test_every_scheme_of_mmengine_goes_through_the_safe_loader(safe_mmengine):
    modules = {prefix: loader.__module__ for prefix, loader in CheckpointLoader._schemes.items()}
    assert [prefix for prefix, module in modules.items() if module.startswith('mmengine')] == []


def test_unknown_model_name_is_named(safe_mmengine):
    with pytest.raises(ValueError, match="unknown model name 'resnet1800'"):
        CheckpointLoader.load_checkpoint('torchvision://resnet1800')
