"""Sparse R-CNN as mmdet publishes it, made here with random weights: the names and shapes are mmdet's own."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

import mammo_plugins.registration  # noqa: F401  before mmdet's models
from mammo_plugins.apis.convert.checkpoint import convert_checkpoint
from mammo_plugins.commands.convert_checkpoint import main
from tests.models.small_models import build, detector_config, mmdet_sparse_rcnn_config


@pytest.fixture
def files(tmp_path):
    """A config of this project's detector, and a checkpoint of mmdet's with 80 classes in the old and new form."""
    init_default_scope('mmdet')
    (tmp_path / 'ours.py').write_text(Config(dict(model=detector_config(), default_scope='mmdet')).pretty_text)
    published = build(mmdet_sparse_rcnn_config(num_classes=80))
    state = {name: torch.randn_like(value) if value.is_floating_point() else value
             for name, value in published.state_dict().items()}  # fmt: skip
    torch.save({'meta': {'mmdet_version': '2.5.0'}, 'state_dict': state}, tmp_path / 'published.pth')
    torch.save({f'module.{name}': value for name, value in state.items()}, tmp_path / 'bare.pth')
    return tmp_path, state


@pytest.mark.parametrize('name', ['published.pth', 'bare.pth'])
def test_every_weight_that_fits_is_copied_and_the_others_are_named(files, name):
    folder, state = files
    table = convert_checkpoint(folder / name, folder / 'ours.py', folder / 'out' / 'start.pth')
    assert set(table.copied) | set(table.reshaped) | set(table.unused) == set(state)
    assert {n.rsplit('.', 1)[0].split('.', 3)[-1] for n in table.reshaped} == {'fc_cls'}
    assert table.unused == []
    assert table.fresh and all('cross_view_attention' in n for n in table.fresh)
    detector = build(Config.fromfile(folder / 'ours.py').model)
    load_checkpoint(detector, str(folder / 'out' / 'start.pth'))
    for copied in table.copied:
        assert torch.equal(detector.state_dict()[copied], state[copied])


def test_command_reports_every_key(files, capsys):
    folder, state = files
    assert main([str(folder / 'published.pth'), str(folder / 'ours.py'), str(folder / 'start.pth')]) == 0
    screen = capsys.readouterr().out
    assert all(name in screen for name in state)
    assert 'another shape: roi_head.bbox_head.0.fc_cls.weight (80, 16) -> (1, 16)' in screen


def test_checkpoint_of_another_model_is_refused(files, capsys):
    folder, _ = files
    torch.save({'state_dict': {'encoder.weight': torch.zeros(3)}}, folder / 'other.pth')
    assert main([str(folder / 'other.pth'), str(folder / 'ours.py'), str(folder / 'start.pth')]) == 2
    assert 'none of its 1 weights fits the model' in capsys.readouterr().err
    torch.save([1, 2], folder / 'list.pth')
    assert main([str(folder / 'list.pth'), str(folder / 'ours.py'), str(folder / 'start.pth')]) == 2
    assert 'holds no state dict' in capsys.readouterr().err
    assert not (folder / 'start.pth').exists()
