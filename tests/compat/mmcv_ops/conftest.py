"""mmcv's public operators, served by the stand-ins whatever mmcv is installed."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from mammo_plugins.compat import install_mmcv_ops


@pytest.fixture(scope='session')
def mmcv_ops() -> ModuleType:
    if install_mmcv_ops() == 'compiled':
        pytest.skip('mmcv has compiled operators here, the stand-ins are not in use')
    import mmcv.ops

    return mmcv.ops


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(params=['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu'])
def device(request: pytest.FixtureRequest) -> str:
    return request.param
