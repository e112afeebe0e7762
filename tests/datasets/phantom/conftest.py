"""Small phantoms, as parts and as a whole release."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mammo_plugins.datasets.phantom.anatomy import BodySize, sample_breast
from mammo_plugins.datasets.phantom.compression import compress
from mammo_plugins.datasets.phantom.findings import Finding, FindingShape
from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.settings import ImagingSettings, QuirkSettings, read_preset

SMALL = ImagingSettings(rows=128, columns=88, slices=20)


@pytest.fixture(scope='session')
def imaging():
    return SMALL


@pytest.fixture(scope='session')
def anatomy():
    rng = np.random.default_rng(3)
    return sample_breast(rng, BodySize.sample(rng), 'B')


@pytest.fixture(scope='session')
def views(anatomy):
    """The two views of one breast by position."""
    return {position: compress(anatomy, position, SMALL) for position in ('CC', 'MLO')}


@pytest.fixture(scope='session')
def make_finding():
    """A finding in the middle of the breast."""

    def make(shape=FindingShape.OVAL, **changes):
        malignant = shape in (
            FindingShape.SPICULATED,
            FindingShape.IRREGULAR,
            FindingShape.FINE_CALCIFICATIONS,
            FindingShape.DISTORTION,
        )
        density = 0.6 if shape.kind == 'calcification' else 1.5
        finding = Finding('P-L-1', malignant, shape, (0.5, 0.05, 0.1), 6.0, density, 4)
        return replace(finding, **changes)

    return make


@pytest.fixture(scope='session')
def release(tmp_path_factory):
    """A release of four patients with every quirk on about half of the volumes, and its tables as dictionaries."""
    folder = tmp_path_factory.mktemp('phantoms') / 'release'
    quirks = QuirkSettings(wrong_laterality_share=0.5, repeated_view_share=0.3, missing_spacing_share=0.5)
    easy = read_preset('easy')
    finding = replace(easy.finding, unannotated_share=0.5)
    settings = replace(easy, finding=finding, imaging=SMALL, quirks=quirks, vendors='ADBC')
    generate_release(folder, settings, cases=4, seed=5, split_shares=(0.5, 0.25, 0.25))

    def rows(name):
        with (folder / f'{name}.csv').open(newline='') as stream:
            return list(csv.DictReader(stream))

    return SimpleNamespace(
        folder=folder, settings=settings, rows=rows, images=rows('phantom-images'), findings=rows('phantom-findings')
    )
