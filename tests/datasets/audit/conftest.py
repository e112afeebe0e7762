"""Records and facts made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.datasets.audit import AuditedImage, ImageFacts, PixelFacts
from mammo_plugins.io import FindingRecord, ImageRecord, MammogramHeader
from mammo_plugins.structures import ViewKey


def _make_image(number=1, view='L-CC', boxes=(), **changes):
    """An FFDM of 100 x 200 pixels; ``boxes`` are boxes or findings, numbered from 10 times the image's id."""
    defaults = dict(
        id=number, file_name=f'{number}.dcm', width=100, height=200, num_slices=1, patient_id=f'P{number}',
        study_uid='S1', view=view, modality='FFDM', manufacturer='Maker', spacing_mm=(0.1, 0.1), split='train',
        labels={'malignant': 0},
    )  # fmt: skip
    record = ImageRecord(**{**defaults, **changes})
    findings = tuple(
        box if isinstance(box, FindingRecord) else FindingRecord(number, 'benign', tuple(map(float, box)))
        for box in boxes
    )
    numbers = tuple(10 * number + place for place in range(len(findings)))
    return AuditedImage(record, findings, Path('data') / record.file_name, numbers)


def _make_facts(number=1, view='L-CC', pixels=None, voi='window (LINEAR)', problem=None, **header):
    """Facts of the file of ``make_image(number, view)``."""
    defaults = dict(
        path=Path(f'{number}.dcm'), modality='FFDM', rows=200, columns=100, num_slices=1, bits_stored=12,
        view=ViewKey.parse(view), spacing_mm=(0.1, 0.1), manufacturer='Maker', sop_instance_uid=f'1.{number}',
        study_uid=f'2.{number}', patient_id=f'header {number}',
    )  # fmt: skip
    special = {name: header.pop(name) for name in ('magnification', 'num_windows') if name in header}
    return ImageFacts(MammogramHeader(**{**defaults, **header}), voi, pixels=pixels, problem=problem, **special)


def _make_pixels(digest='a', **changes):
    return PixelFacts(digest, shown_range=0.8, breast_share=0.4, **changes)


@pytest.fixture(scope='session')
def make_image():
    return _make_image


@pytest.fixture(scope='session')
def make_facts():
    return _make_facts


@pytest.fixture(scope='session')
def make_pixels():
    return _make_pixels


@pytest.fixture(scope='session')
def brief():
    """Findings as (check, severity, image ids)."""
    return lambda findings: [(finding.check, finding.severity, finding.image_ids) for finding in findings]
