"""``_base_ = ['mammo_plugins::mm3d_dbt.py']`` in a config anywhere, with mmengine's own ``Config.fromfile``.

mmengine resolves ``package::config`` for a fixed list of OpenMMLab's packages only. This project's configs join them,
from a checkout as from an installed wheel. ``import mammo_plugins`` is enough: mmengine, which brings torch, is not
imported for it, but completed as soon as something else imports it.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .config_paths import PACKAGE_PREFIX, find_config

_MODULE = 'mmengine.config.config'


def install_config_inheritance() -> None:
    """Makes ``mammo_plugins::`` known to mmengine, now or when it is imported; later calls change nothing."""
    module = sys.modules.get(_MODULE)
    if module is not None and hasattr(module, 'Config'):
        _complete(module)
    elif not any(isinstance(finder, _CompletesMmengine) for finder in sys.meta_path):
        sys.meta_path.insert(0, _CompletesMmengine())


class _CompletesMmengine(importlib.abc.MetaPathFinder):
    """Lets the other finders find mmengine's config module, and completes it after its import."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of mmengine's config module, completed once it has run; None for every other module."""
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        loader: Any = spec.loader
        run = loader.exec_module

        def run_and_complete(module: ModuleType) -> None:
            run(module)
            _complete(module)

        loader.exec_module = run_and_complete
        return spec


def _complete(module: ModuleType) -> None:
    config = vars(module)['Config']
    if getattr(config._get_cfg_path, 'knows_mammo_plugins', False):
        return
    of_mmengine = config._get_cfg_path

    def get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        # No scope: components of this project are registered in mmdet's registries.
        if cfg_path.startswith(PACKAGE_PREFIX):
            return str(find_config(cfg_path)), None
        return of_mmengine(cfg_path, filename)

    get_cfg_path.knows_mammo_plugins = True  # type: ignore[attr-defined]
    config._get_cfg_path = staticmethod(get_cfg_path)
