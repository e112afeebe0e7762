"""Layouts of images, as vendors and releases store them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.commands import dicom_results
from tests.io.dicom_builder import code, ct_slices, mammogram, save, stored_breast

from .predicted_run import predicted_run

pytest.importorskip('highdicom', reason='highdicom is not installed: pip install "mammo-plugins[dicom-out]"')

_ODD = {'quirks.wrong_laterality_share': 0.6, 'quirks.repeated_view_share': 0.3, 'quirks.missing_spacing_share': 0.5}
_DATED = {'StudyDate': '20260102', 'StudyTime': '101112', 'PatientOrientation': ['A', 'R'], 'StudyID': '1'}


def _phantoms(release: str = 'bcs-dbt', **options) -> Callable[[Path], object]:
    return lambda folder: make_phantoms(
        folder, cases=1, seed=5, release=release, size='64x48x6', split=(0, 0, 1), **options
    )


def _slices(folder: Path) -> None:
    """A volume as one file a slice."""
    for number, part in enumerate(ct_slices(np.stack([stored_breast('R')] * 4), **_DATED)):
        save(part, folder / f'{number}.dcm')


def _implant(folder: Path) -> None:
    """A breast with an implant, displaced, in a second view of each projection."""
    displaced = Sequence([code('399209000', 'SCT', 'Implant displaced')])
    study = generate_uid()
    for position in ('CC', 'MLO'):
        for name, modifiers in (('', Sequence()), ('ID', displaced)):
            elements = {'ViewPosition': position, 'ViewModifierCodeSequence': modifiers, 'StudyInstanceUID': study}
            pixels = stored_breast(top=3000 if name else 2900)
            save(mammogram(pixels, BreastImplantPresent='YES', **_DATED, **elements), folder / f'{position}{name}.dcm')


LAYOUTS: dict[str, Callable[[Path], object]] = {
    'turned, mirrored, repeated, without spacing': _phantoms(overrides=_ODD),
    'six vendors, one of them MONOCHROME1': _phantoms(preset='vendors', overrides={'vendors': 'DF'}),
    'placed': _phantoms(overrides={'imaging.placed': True}),
    'cmmd': _phantoms('cmmd'),
    'embed': _phantoms('embed'),
    'inbreast': _phantoms('inbreast'),
    'omi-db': _phantoms('omi-db'),
    'rsna-2022': _phantoms('rsna-2022'),
    'vindr-mammo': _phantoms('vindr-mammo'),
    'one file a slice': _slices,
    'implant displaced': _implant,
}


SHOWN_FROM = 0.3
"""Score from which on findings may be shown in the runs of :func:`written`."""


@pytest.fixture(scope='session')
def written(tmp_path_factory) -> Callable[[str], Path]:
    """Name of a layout to a folder of predictions that were written as all kinds of objects; made once."""

    @functools.cache
    def write(name: str) -> Path:
        folder = tmp_path_factory.mktemp('layout')
        LAYOUTS[name](folder / 'images')
        out, settings = predicted_run(folder / 'images', folder / 'out'), folder / 'settings.json'
        settings.write_text(json.dumps({'optional_from': SHOWN_FROM, 'content_time': '2026-01-02T03:04:05'}))
        assert dicom_results.main([str(out), '--settings', str(settings)]) == 0
        return out

    return write


@pytest.fixture(scope='session')
def phantoms(tmp_path_factory) -> Path:
    """FFDM, DBT and SM of two patients, the volumes placed in space."""
    folder = tmp_path_factory.mktemp('phantoms') / 'images'
    LAYOUTS['placed'](folder)
    return folder
