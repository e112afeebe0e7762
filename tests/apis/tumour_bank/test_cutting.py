"""A bank of tumours from phantoms with masks."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.datasets.synthesis import TumourBank
from mammo_plugins.io import read_annotations


def test_bank_holds_the_boxes_of_the_masks(phantom_root, tmp_path, capsys):
    ann_file = phantom_root / 'phantoms.json'
    assert main(['tumour-bank', str(ann_file), str(tmp_path / 'bank'), '--split', 'train']) == 0
    assert 'tumours\n' in capsys.readouterr().out
    bank = TumourBank(tmp_path / 'bank')
    chosen = read_annotations(ann_file).select(modality='FFDM', split='train')
    findings = [finding for image in chosen.images for finding in chosen.findings_of(image.id)]
    assert len(bank) == len(findings) > 3
    assert {tumour.patient_id for tumour in bank.tumours} <= {image.patient_id for image in chosen.images}
    spacing = {image.id: image.spacing_mm for image in chosen.images}
    for tumour, finding, number in zip(bank.tumours, findings, range(100)):
        patch = bank.read(number)
        assert 0 <= patch.min() < patch.max() <= 1
        row_mm, column_mm = spacing[finding.image_id]
        assert (tumour.height_mm, tumour.width_mm) == pytest.approx(np.multiply(patch.shape, (row_mm, column_mm)), 1e-3)
        width, height = finding.bbox_xywh[2:]
        assert abs(patch.shape[0] - height) <= 3 and abs(patch.shape[1] - width) <= 3, 'boxes have a small margin'


def test_findings_without_masks_are_counted(phantom_root, tmp_path, capsys):
    content = json.loads((phantom_root / 'phantoms.json').read_text())
    for annotation in content['annotations']:
        annotation.pop('segmentation', None)
    (tmp_path / 'boxes.json').write_text(json.dumps(content))
    assert main(['tumour-bank', str(tmp_path / 'boxes.json'), str(tmp_path / 'bank')]) == 2
    assert re.search(r"has a mask and pixel spacing: \{'without a mask': \d+\}", capsys.readouterr().err)
    assert not (tmp_path / 'bank').exists()
