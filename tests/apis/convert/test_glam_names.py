"""Files with the names and shapes of the released GLAM and GMIC, through the command.

What the weights mean is tested in tests/models/classifiers/test_equals_reference.py.
"""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mammo_plugins.registration  # noqa: F401  before mmdet's models
from mammo_plugins.apis.convert.glam_names import rename_glam
from mammo_plugins.apis.inference import build_detector
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.commands.convert_checkpoint import main
from tests.models.released_weights import GLAM, GMIC, random_weights

COMBINE = 'global_network.postprocess_module.combine.weight'
FILES = {'glam_local': (GLAM, [COMBINE]), 'gmic': (GMIC, [])}


@pytest.mark.parametrize('name', FILES)
def test_released_file_becomes_a_checkpoint_of_the_config(name, tmp_path, repository, capsys):
    shapes, ignored = FILES[name]
    weights = random_weights(shapes)
    torch.save(weights, tmp_path / 'released.p')
    config = repository / f'projects/glam/configs/{name}.py'
    assert main([str(tmp_path / 'released.p'), str(config), str(tmp_path / 'ours.pth')]) == 0
    said = capsys.readouterr().out
    copied = len(shapes) - len(ignored)
    assert f'{copied} weights copied, 0 of another shape, {len(ignored)} not in the model; 0 of the model start' in said
    for unused in ignored:
        assert f'not in the model: {unused}\n' in said
    model = build_detector(load_run_config(config), tmp_path / 'ours.pth', 'cpu')  # refuses what does not fit whole
    state = model.state_dict()
    renamed = rename_glam({key: value for key, value in weights.items() if key not in ignored}, model.label_names)
    assert set(renamed) == set(state) and all(torch.equal(state[key], value) for key, value in renamed.items())


def test_what_the_release_lacks_and_has_too_much_is_reported(tmp_path, repository, capsys):
    weights = random_weights(GLAM) | {'attention_module.extra.weight': torch.zeros(3, 3)}
    del weights['detection_network.gn_conv_last.weight']
    torch.save(weights, tmp_path / 'released.p')
    config = repository / 'projects/glam/configs/glam_joint.py'
    assert main([str(tmp_path / 'released.p'), str(config), str(tmp_path / 'ours.pth')]) == 0
    said = capsys.readouterr().out
    assert 'not in the model: attention_module.extra.weight\n' in said
    for missing in ('local_module.head.weight', 'aggregation.attention.score.weight', 'fusion.linear.weight'):
        assert f'not in the checkpoint: {missing}\n' in said


def test_classes_in_another_order_are_refused(tmp_path, repository, capsys):
    torch.save(random_weights(GLAM), tmp_path / 'released.p')
    text = f"_base_ = '{repository}/projects/glam/configs/glam_local.py'\n"
    (tmp_path / 'swapped.py').write_text(text + "model = dict(label_names=['malignant', 'benign'])\n")
    assert main([str(tmp_path / 'released.p'), str(tmp_path / 'swapped.py'), str(tmp_path / 'ours.pth')]) == 2
    assert "label_names of the model is ['malignant', 'benign']" in capsys.readouterr().err


def test_other_numbers_of_classes_start_their_heads_fresh(tmp_path, repository, capsys):
    init_default_scope('mmdet')
    torch.save(random_weights(GLAM), tmp_path / 'released.p')
    cfg = Config.fromfile(repository / 'projects/glam/configs/glam_local.py')
    cfg.model.label_names = ['malignant']
    cfg.model.global_module.num_classes = cfg.model.local_module.num_classes = 1
    (tmp_path / 'one.py').write_text(cfg.pretty_text)
    assert main([str(tmp_path / 'released.p'), str(tmp_path / 'one.py'), str(tmp_path / 'ours.pth')]) == 0
    said = capsys.readouterr().out
    assert 'another shape: local_module.head.weight (2, 512, 1, 1) -> (1, 512, 1, 1)\n' in said
    assert '4 of another shape, 1 not in the model' in said
