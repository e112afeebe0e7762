"""A checkpoint that effdet writes, through the command."""

import pytest
import torch

import mammo_plugins.registration  # noqa: F401  before mmdet's models
from mammo_plugins.apis.convert.effdet_names import is_effdet, rename_effdet
from mammo_plugins.commands.convert_checkpoint import main

CONFIG = """
default_scope = 'mmdet'
backbone = dict(type='mmpretrain.TIMMBackbone', model_name='tf_efficientnet_b0', pretrained=True)
model = dict(type='EfficientDet', compound='d0', num_classes=1, backbone=backbone)
"""


@pytest.fixture(scope='module')
def published():
    effdet = pytest.importorskip('effdet', reason='effdet is not installed: pip install .[test]')
    config = effdet.get_efficientdet_config('tf_efficientdet_d0')
    return effdet.EfficientDet(config, pretrained_backbone=False).state_dict()


def test_command_keeps_all_but_the_classifier(published, tmp_path, capsys):
    torch.save(published, tmp_path / 'tf_efficientdet_d0.pth')
    (tmp_path / 'ours.py').write_text(CONFIG)
    assert main([str(tmp_path / name) for name in ('tf_efficientdet_d0.pth', 'ours.py', 'start.pth')]) == 0
    screen = capsys.readouterr().out
    assert '782 weights copied, 2 of another shape, 0 not in the model; 0 of the model start fresh' in screen
    assert 'another shape: bbox_head.class_tower.predict.pointwise.weight (810, 64, 1, 1) -> (9, 64, 1, 1)' in screen
    assert len(torch.load(tmp_path / 'start.pth', weights_only=True)['state_dict']) == 782


def test_box_outputs_change_from_yxhw_to_xywh(published):
    bias = torch.arange(36.0)
    renamed = rename_effdet({**published, 'box_net.predict.conv_pw.bias': bias})
    assert renamed['bbox_head.box_tower.predict.pointwise.bias'][:8].tolist() == [1, 0, 3, 2, 5, 4, 7, 6]


def test_unknown_weights_keep_their_names(published):
    assert 'ema.decay' in rename_effdet({**published, 'ema.decay': torch.zeros(1)})
    assert is_effdet(published) and not is_effdet({'backbone.conv1.weight': torch.zeros(1)})
