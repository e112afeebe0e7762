"""Published weights in configs: found in every spelling, dropped, and missed in seconds where there is no network."""

from __future__ import annotations

import copy
import time

import pytest
from mmengine.config import ConfigDict

from mammo_plugins.compat import UnreachableFileError, downloads
from mammo_plugins.compat.pretrained_weights import drop_pretrained, pretrained_references, require_pretrained

PRETRAINED = dict(type='Pretrained', checkpoint='torchvision://resnet50')
TIMM = dict(type='mmpretrain.TIMMBackbone', model_name='resnet18', pretrained=True)
MODEL = ConfigDict(
    type='MammogramDetector',
    detector=dict(
        type='FCOS',
        backbone=dict(type='ResNet', depth=50, init_cfg=PRETRAINED),
        neck=dict(type='FPN', init_cfg=[dict(type='Xavier', layer='Conv2d'), PRETRAINED]),
        bbox_head=dict(type='FCOSHead', init_cfg=dict(type='Normal', layer='Conv2d')),
    ),
    teachers=[TIMM, dict(type='ResNet', pretrained='torchvision://resnet18')],
)
PLACES = ['detector.backbone', 'detector.neck', 'teachers.0', 'teachers.1']


def test_every_spelling_is_found():
    assert [reference.path for reference in pretrained_references(MODEL)] == PLACES


def test_what_gets_its_weights_elsewhere_asks_for_none():
    model = copy.deepcopy(MODEL)
    assert drop_pretrained(model) == PLACES and pretrained_references(model) == []
    assert model.detector.backbone.init_cfg is None
    assert model.detector.neck.init_cfg == [dict(type='Xavier', layer='Conv2d')]
    assert model.detector.bbox_head == MODEL.detector.bbox_head
    assert model.teachers[0].pretrained is False and model.teachers[1].pretrained is None


def test_what_starts_fresh_keeps_its_reference():
    model = copy.deepcopy(MODEL)
    assert drop_pretrained(model, keep=lambda path: path == 'detector.backbone') == PLACES[1:]
    assert model.detector.backbone.init_cfg == PRETRAINED


@pytest.mark.parametrize('answer', ['refused', 'silence'])
def test_without_network_the_file_and_the_field_are_named_in_seconds(answer, monkeypatch, tmp_path):
    def urlopen(request, timeout):
        if answer == 'silence':
            time.sleep(5)
        raise OSError('Network is unreachable')

    monkeypatch.setattr(downloads.urllib.request, 'urlopen', urlopen)
    monkeypatch.setattr(downloads, 'PATIENCE_S', 0.5)
    monkeypatch.setattr(downloads.require_reachable, '__defaults__', (0.5,))
    monkeypatch.setenv('HF_ENDPOINT', 'https://hub.example')
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, 'try_to_load_from_cache', lambda repo_id, filename: None)
    start = time.monotonic()
    with pytest.raises(UnreachableFileError) as error:
        require_pretrained(dict(type='D', backbone=TIMM))
    assert time.monotonic() - start < 4
    assert 'https://hub.example/timm/resnet18.a1_in1k/resolve/main/model.safetensors' in str(error.value)
    assert 'model.backbone.pretrained_cfg_overlay.file=PATH' in str(error.value)


def test_a_file_in_place_of_the_download_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.urllib.request, 'urlopen', None)
    overlay = dict(file=str(tmp_path / 'w.safetensors'))
    with pytest.raises(FileNotFoundError, match=r'model\.backbone\.pretrained_cfg_overlay\.file='):
        require_pretrained(dict(type='D', backbone=dict(TIMM, pretrained_cfg_overlay=overlay)))
    (tmp_path / 'w.safetensors').write_bytes(b'')
    require_pretrained(dict(type='D', backbone=dict(TIMM, pretrained_cfg_overlay=overlay)))
    require_pretrained(dict(type='D', backbone=dict(TIMM, pretrained=False)))
