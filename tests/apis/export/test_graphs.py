"""Graphs that ``mammo model graph`` writes give what the models give, at sizes that they were not traced with."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn
from torchvision.ops import batched_nms

from mammo_plugins.apis.export.exporting import compare
from mammo_plugins.apis.export.network import find_network
from mammo_plugins.apis.inference import build_detector
from mammo_plugins.apis.model_bundle.choice import choose_model
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.commands.main import main
from mammo_plugins.compat.pretrained_weights import drop_pretrained
from tests.markdown_commands import read_commands
from tests.models.small_cases import SmallView, make_batch

onnxruntime = pytest.importorskip('onnxruntime', reason="pip install 'mammo-plugins[export]'")
pytest.importorskip('onnxscript', reason="pip install 'mammo-plugins[export]'")
pytestmark = pytest.mark.skipif(
    'custom_translation_table' not in inspect.signature(torch.onnx.export).parameters, reason='torch is too old'
)

SMALL_FCOS = ['model.detector.backbone.depth=18', 'model.detector.neck.in_channels=[64,128,256,512]']
SMALL_GLAM = [
    'model.global_module.backbone.channels=[4,4,8,8,8]',
    'model.global_module.in_channels=[8,8,8]',
]
SHOWN = 20  # the best findings


@pytest.fixture(scope='module')
def place(repository, tmp_path_factory) -> Path:
    """A folder with what the commands and the program of the page wrote."""
    folder, page = tmp_path_factory.mktemp('graphs'), repository / 'docs/howto/graphs.md'
    (program,) = re.findall(r'```python\n# run_graph\.py\n(.*?)```', page.read_text(), re.DOTALL)
    (folder / 'run_graph.py').write_text(program)
    *exports, last = read_commands(page)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv('MAMMO_MODELS', str(folder / 'models'))
        assert len(exports) == 3
        for words in exports:
            assert words[0] == 'mammo' and main(words[1:]) == 0
    done = subprocess.run([sys.executable, *last[1:]], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.count('slice') == 2, done.stderr
    return folder


def model_of(config: str, cfg_options: list[str]) -> nn.Module:
    """A model with the weights that it begins with."""
    options = dict(option.split('=') for option in cfg_options)
    cfg = load_run_config(config, cfg_options={name: json.loads(value) for name, value in options.items()})
    init_default_scope('mmdet')
    drop_pretrained(cfg.model)
    torch.manual_seed(0)
    return MODELS.build(cfg.model).eval()


def ready_model(name: str) -> nn.Module:
    chosen = choose_model(name)
    return build_detector(load_run_config(chosen.config), chosen.checkpoint, 'cpu')


@torch.no_grad()
@pytest.mark.parametrize(('num_slices', 'size'), [(1, (96, 64)), (5, (60, 90))])
def test_graph_of_mm3d_gives_the_findings_of_the_model(place, num_slices, size):
    detector = ready_model('mm3d-phantoms')
    batch = make_batch(detector, [[SmallView(num_slices, image_size=size)] * 2])
    session = onnxruntime.InferenceSession(place / 'mm3d.onnx')
    images = batch['inputs'].unflatten(0, (2, num_slices)).numpy()
    outputs = session.run(None, {'images': images, 'size': np.array(size, np.float32)})
    (case,) = detector.predict(batch['inputs'], batch['data_samples'], rescale=False)
    for view, boxes, scores, weights in zip(case.views, *outputs):
        order = np.argsort(-scores[:, 0], kind='stable')[: len(view.pred_instances)]
        found = view.pred_instances
        np.testing.assert_allclose(scores[order, 0], found.scores, atol=1e-4)
        np.testing.assert_allclose(boxes[order], found.bboxes, atol=1e-2)
        np.testing.assert_allclose(weights[order], found.slice_weights, atol=1e-4)


@torch.no_grad()
def test_graph_of_the_fused_detector_gives_the_findings_of_the_model(place):
    check_dense(ready_model('fused-efficientdet-phantoms'), place / 'fused.onnx', (256, 384))


@torch.no_grad()
def test_graph_of_fcos_gives_the_findings_of_the_model(tmp_path):
    detector = model_of('configs/fcos_mass.py', SMALL_FCOS)
    torch.save({'state_dict': detector.state_dict()}, tmp_path / 'weights.pth')
    words = ['--config', 'configs/fcos_mass.py', '--checkpoint', str(tmp_path / 'weights.pth'), '--cfg-options']
    assert main(['model', 'graph', str(tmp_path / 'fcos.onnx'), *words, *SMALL_FCOS]) == 0
    check_dense(detector, tmp_path / 'fcos.onnx', (192, 160))


def check_dense(detector: nn.Module, graph: Path, size: tuple[int, int]) -> None:
    """The best findings of an image of noise, after the suppression that the page names."""
    batch = make_batch(detector, [[SmallView(image_size=size)]])
    boxes, scores = (
        torch.from_numpy(output[0])
        for output in onnxruntime.InferenceSession(graph).run(None, {'images': batch['inputs'].numpy()})
    )
    detector.detector.bbox_head.test_cfg.nms_pre = len(boxes)  # a limit of candidates a level is no part of the graph
    (case,) = detector.predict(batch['inputs'], batch['data_samples'], rescale=False)
    (view,) = case.views
    if detector.detector.bbox_head.bbox_coder.clip_border:
        boxes = boxes.clamp(min=0).minimum(torch.tensor([size[1], size[0]] * 2))
    overlap = detector.detector.test_cfg.nms.iou_threshold
    kept = batched_nms(boxes, scores[:, 0], torch.zeros(len(boxes), dtype=torch.long), overlap)[:SHOWN]
    torch.testing.assert_close(scores[kept, 0], view.pred_instances.scores[:SHOWN], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(boxes[kept], view.pred_instances.bboxes[:SHOWN], atol=1e-2, rtol=1e-4)


@torch.no_grad()
def test_graph_of_glam_gives_labels_and_maps_at_any_size(tmp_path):
    config = 'projects/glam/configs/glam_global.py'
    model = model_of(config, SMALL_GLAM)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'weights.pth')
    words = ['--config', config, '--checkpoint', str(tmp_path / 'weights.pth'), '--cfg-options', *SMALL_GLAM]
    assert main(['model', 'graph', str(tmp_path / 'glam.onnx'), *words]) == 0
    images = torch.randn(1, 1, 320, 192)
    expected = model.global_module(images)
    session = onnxruntime.InferenceSession(tmp_path / 'glam.onnx')
    labels, maps = session.run(None, {'images': images.numpy()})
    np.testing.assert_allclose(labels, expected.prediction, atol=1e-5)
    np.testing.assert_allclose(maps, expected.saliency, atol=1e-5)


def test_json_beside_a_graph_says_what_goes_in_and_out(place):
    content = json.loads((place / 'mm3d.json').read_text())
    assert content['images']['axes'] == {'views': 2, 'slices': 'any', 'channels': 1, 'rows': 'any', 'columns': 'any'}
    assert content['images']['preprocessing'] == {'type': 'CaseDataPreprocessor', 'mean': 0.2, 'std': 0.2}
    assert set(content['outputs']) == {'boxes', 'scores', 'slice_weights'}
    assert len(content['largest difference from the model']) == 3
    assert content['thresholds'] and content['model']['name'] == 'mm3d-phantoms'
    assert torch.export.load(place / 'mm3d.pt2')


def test_graph_that_gives_other_numbers_is_refused():
    network = find_network(model_of('projects/glam/configs/glam_global.py', SMALL_GLAM))
    with torch.no_grad(), pytest.raises(ValueError, match='the graph gives labels that are up to .* away'):
        compare(network, lambda inputs: [output.numpy() + 1 for output in network.module(*inputs)])


def test_what_cannot_be_a_graph_is_told_in_a_sentence(tmp_path, capsys):
    with pytest.raises(ValueError, match='Linear cannot be written as a graph'):
        find_network(nn.Linear(1, 1))
    assert main(['model', 'graph', str(tmp_path / 'model.tflite'), '--model', 'mm3d-phantoms']) == 2
    assert "ends in '.tflite': give .onnx or .pt2" in capsys.readouterr().err
