"""Fixtures for the whole suite."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Test processes run side by side: one thread each is faster than all competing. Set before torch is imported.
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('MPLBACKEND', 'Agg')

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope='session')
def real_data() -> Path:
    """Folder of real images and headers, which are no part of the repository; skips where it is absent."""
    folder = REPOSITORY.parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'no real data in {folder}')
    return folder


@pytest.fixture(autouse=True)
def project_scope() -> None:
    """Starts each test in this project's registry scope: a runner of an earlier test may have left another."""
    if 'mmengine.registry' in sys.modules:
        from mmengine.registry import init_default_scope

        init_default_scope('mmdet')
