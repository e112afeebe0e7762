"""Releases on disk for the converters to read."""

from __future__ import annotations

import pytest

from tests.datasets.converters.bcs_dbt_release import BcsDbtRelease


@pytest.fixture
def release(tmp_path):
    return BcsDbtRelease(tmp_path / 'BCS-DBT')
