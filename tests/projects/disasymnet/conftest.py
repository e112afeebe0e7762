"""Phantoms and a bank of tumours for the tests of DisAsymNet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects.disasymnet.small_configs import make_data


@pytest.fixture(scope='package')
def root(tmp_path_factory) -> Path:
    return make_data(tmp_path_factory.mktemp('disasymnet'))
