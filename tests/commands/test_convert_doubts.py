"""What the convert command says of images whose grey values are doubtful: the same as predict and audit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.apis.audit import audit_dataset
from mammo_plugins.apis.found_images import find_images
from mammo_plugins.commands.convert_dataset import main
from mammo_plugins.io import read_annotations
from mammo_plugins.io.dicom_modality import MG_FOR_PROCESSING
from tests.datasets.converters.rsna_2022_release import Rsna2022Release
from tests.io.dicom_builder import mammogram, save, stored_breast

BREAST = stored_breast(shape=(160, 128))
RAW = dict(SOPClassUID=MG_FOR_PROCESSING, PresentationIntentType='FOR PROCESSING')
AIR = (np.uint16(4095) - BREAST, {})
FAR = (BREAST // 8 + np.uint16(3500), dict(WindowCenter=300, WindowWidth=200))
KINDS = {  # kind: pixels and header, and what is said
    'air': (*AIR, 'the air beside the breast is bright'),
    'window': (*FAR, 'window'),
    'side': (BREAST[::-1, ::-1], {}, 'the chest wall lies on the right; for L-CC it is expected on the left'),
    'raw': (BREAST, RAW, 'FOR PROCESSING: a raw image'),
    'blank': (np.full_like(BREAST, 7), {}, 'cannot be used: all pixels have the same value'),
}


def make_release(folder: Path, doubtful: dict[int, tuple[np.ndarray, dict]], count: int = 6) -> Path:
    """One image a patient; those of some patients are others."""
    release = Rsna2022Release(folder)
    for patient in range(1, count + 1):
        pixels, elements = doubtful.get(patient, (BREAST, {}))
        release.add(patient, dataset=mammogram(pixels + np.uint16(0), **elements))
    return release.write()


def convert(source: Path, *options: str) -> int:
    return main(['rsna-2022', str(source), str(source / 'ann.json'), '--no-progress', '--workers', '0', *options])


@pytest.mark.parametrize('kind', KINDS)
def test_doubt_is_said_once_counted_and_strict(kind, tmp_path, capsys):
    pixels, elements, reason = KINDS[kind]
    source = make_release(tmp_path, {2: (pixels, elements), 5: (pixels, elements)})
    assert convert(source) == 0
    told = capsys.readouterr().out
    assert told.count('in doubt: ') == 1 and reason in told and '2 of 6 images, such as train_images/2/' in told
    doubts = read_annotations(source / 'ann.json').info['doubts']
    assert (doubts['looked_at'], doubts['in_doubt'], doubts['reasons'][0]['images']) == (6, 2, 2)
    assert convert(source, '--strict') == 1
    assert 'error: 2 images are in doubt (--strict)' in capsys.readouterr().err


@pytest.mark.parametrize('kind', ['air', 'window', 'side', 'raw'])
def test_convert_predict_and_audit_say_the_same(kind, tmp_path):
    pixels, elements, _ = KINDS[kind]
    source = make_release(tmp_path / 'release', {1: (pixels, elements)}, count=1)
    assert convert(source) == 0
    (said,) = read_annotations(source / 'ann.json').info['doubts']['reasons']
    save(mammogram(pixels, **elements), tmp_path / 'own' / 'a.dcm')
    assert said['reason'] in next(iter(find_images(tmp_path / 'own').doubts.values()))
    if kind != 'raw':  # one raw image beside no other is a note in other words
        found = audit_dataset(source / 'ann.json', workers=0, show_progress=False).findings
        assert said['reason'] in [finding.reason for finding in found]


def test_sample_is_as_large_as_asked_for_and_that_is_said(tmp_path, capsys):
    source = make_release(tmp_path, dict.fromkeys(range(1, 7), AIR))
    assert convert(source, '--check-images', '4') == 0
    told = capsys.readouterr().out
    assert '4 of 4 images' in told and 'looked into 4 images for doubts; --check-images all' in told
    assert convert(source, '--check-images', 'all') == 0
    assert '--check-images all' not in capsys.readouterr().out
    assert convert(source, '--check-images', '0', '--strict') == 0
    assert convert(source, '--check-images', '-1') == 2
    assert '-1 images cannot be looked at' in capsys.readouterr().err
