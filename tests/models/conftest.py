"""Registers the models and makes every test start from the same random state."""

import logging

import pytest
import torch

from mammo_plugins.compat import install_mmcv_ops

install_mmcv_ops()  # before anything imports mmdet

from mmengine.logging import MMLogger  # noqa: E402

import mammo_plugins.models  # noqa: E402, F401


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_initialisation_report():
    """mmengine logs three lines a parameter whenever a detector is initialised."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)
