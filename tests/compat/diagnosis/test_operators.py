from __future__ import annotations

from mammo_plugins.compat.diagnosis import Status, check_accelerator, check_operators, operators


def test_operator_set_in_use_is_named():
    check = check_operators()
    assert check.status is Status.OK
    assert 'stand-ins from torchvision' in check.detail or 'compiled' in check.detail


def test_operators_that_give_wrong_results_are_a_problem(monkeypatch):
    import mmcv.ops
    import torch

    monkeypatch.setattr(mmcv.ops, 'nms', lambda boxes, scores, threshold: (boxes, torch.tensor([0, 1])))
    check = check_operators()
    assert check.status is Status.PROBLEM
    assert 'nms kept [0, 1]' in check.detail


def test_operators_that_do_not_import_are_a_problem(monkeypatch):
    def fail() -> str:
        raise ImportError('mmcv is not usable')

    monkeypatch.setattr(operators, 'install_mmcv_ops', fail)
    check = check_operators()
    assert check.status is Status.PROBLEM
    assert 'onedl-mmcv' in check.fix


def test_machine_without_gpu_is_ok(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr('shutil.which', lambda name: None)
    check = check_accelerator()
    assert check.status is Status.OK
    assert 'none' in check.detail


def test_gpu_that_torch_cannot_use_is_noted(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr('shutil.which', lambda name: '/usr/bin/nvidia-smi')
    monkeypatch.setattr('torch.version.cuda', None)
    check = check_accelerator()
    assert check.status is Status.NOTE
    assert 'built for the CPU' in check.detail
