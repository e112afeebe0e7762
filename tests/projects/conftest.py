"""Registers the models, and makes every test start from the same random state."""

from __future__ import annotations

import pytest
import torch

import mammo_plugins.registration  # noqa: F401


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)
