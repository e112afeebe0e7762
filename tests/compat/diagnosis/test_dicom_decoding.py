from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammo_plugins.compat.diagnosis import Status, check_transfer_syntaxes, dicom_decoding
from mammo_plugins.compat.diagnosis.decoding_samples import encoded_images

IMAGES = {image.name: image for image in encoded_images()}


@pytest.mark.parametrize('name', [name for name, image in IMAGES.items() if image.optional_decoder is None])
def test_syntax_of_mammograms_decodes(name):
    pixels = dicom_decoding.decode(IMAGES[name])
    assert np.abs(pixels.astype(int) - IMAGES[name].pixels).max() <= IMAGES[name].tolerance


def test_every_syntax_is_reported_once():
    checks = check_transfer_syntaxes()
    assert [check.subject for check in checks] == list(IMAGES)
    assert {check.status for check in checks} <= {Status.OK, Status.NOTE}


def test_missing_decoder_is_a_problem_with_an_install_command(monkeypatch):
    def decode(image):
        raise RuntimeError(f'no plug-in for {image.uid}')

    monkeypatch.setattr(dicom_decoding, 'decode', decode)
    checks = {check.subject: check for check in check_transfer_syntaxes()}
    assert checks['JPEG Lossless SV1'].status is Status.PROBLEM
    assert '1.2.840.10008.1.2.4.70' in checks['JPEG Lossless SV1'].detail
    assert 'python-gdcm' in checks['JPEG Lossless SV1'].fix


def test_missing_decoder_with_a_restrictive_licence_is_a_note_only(monkeypatch):
    def decode(image):
        raise RuntimeError('no plug-in')

    monkeypatch.setattr(dicom_decoding, 'decode', decode)
    checks = {check.subject: check for check in check_transfer_syntaxes()}
    assert checks['JPEG Extended 12 bit'].status is Status.NOTE
    assert checks['JPEG Extended 12 bit'].fix.endswith('pip install pylibjpeg-libjpeg')


def test_decoder_that_changes_grey_values_is_a_problem(monkeypatch):
    image = IMAGES['JPEG 2000 Lossless']
    wrong = replace(image, pixels=image.pixels + 1)
    monkeypatch.setattr('mammo_plugins.compat.diagnosis.decoding_samples.encoded_images', lambda: [wrong])
    (check,) = check_transfer_syntaxes()
    assert check.status is Status.PROBLEM
    assert 'off by 1 grey values' in check.detail
