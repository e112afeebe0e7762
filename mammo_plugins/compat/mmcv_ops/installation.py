"""Puts the stand-in operators in place where mmcv has no compiled ones."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType

from .extension import StandInExtension, build_extension

_EXTENSION = 'mmcv._ext'
_FALLBACK_MESSAGE = 'requires mmcv to be compiled with ops'
_DETECTION_PACKAGES = ('mmdet.', 'mmpretrain.')


def install_mmcv_ops() -> str:
    """Makes ``mmcv.ops`` importable, with compiled operators if there are any.

    Call it before importing mmdet's models. Later calls, and calls after mmcv or a part of mmdet was imported, are
    fine: what mmdet had put in place of the missing operators is exchanged.

    Returns:
        ``'compiled'`` if mmcv brings its own operators, ``'torchvision'`` if the stand-ins are in use.

    Raises:
        ImportError: mmcv is not installed, or broken.
    """
    try:
        importlib.import_module('mmcv')
    except ImportError as error:
        raise ImportError(f'mmcv is not usable ({error}); install it with: pip install onedl-mmcv') from error
    try:
        extension = importlib.import_module(_EXTENSION)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):
            warnings.warn(f'the compiled operators of mmcv do not load, stand-ins are used: {error}', stacklevel=2)
        extension = _install_stand_ins()
    if not isinstance(extension, StandInExtension):
        return 'compiled'
    replace_mmdet_fallbacks()
    return 'torchvision'


def replace_mmdet_fallbacks() -> list[str]:
    """Exchanges the raising placeholders in mmdet modules that were imported while mmcv had no operators.

    onedl-mmdetection imports without operators and then defines, in each module, a function or class that raises.

    Returns:
        The full names that now refer to ``mmcv.ops``.
    """
    operators = importlib.import_module('mmcv.ops')
    replaced = []
    for module_name, module in list(sys.modules.items()):
        if module is None or not module_name.startswith(_DETECTION_PACKAGES):
            continue
        for name, value in list(vars(module).items()):
            operator_name = name.lstrip('_')
            if _is_fallback(value, module_name) and hasattr(operators, operator_name):
                setattr(module, name, getattr(operators, operator_name))
                replaced.append(f'{module_name}.{name}')
    return replaced


def _install_stand_ins() -> ModuleType:
    stand_ins = importlib.import_module(f'{__package__}.stand_ins').STAND_INS
    extension = build_extension(_EXTENSION, stand_ins)
    sys.modules[_EXTENSION] = extension
    vars(importlib.import_module('mmcv'))['_ext'] = extension
    return extension


def _is_fallback(value: object, module_name: str) -> bool:
    if getattr(value, '__module__', None) != module_name:
        return False
    function = vars(value).get('__init__') if isinstance(value, type) else value
    constants = getattr(getattr(function, '__code__', None), 'co_consts', ())
    return any(isinstance(constant, str) and _FALLBACK_MESSAGE in constant for constant in constants)
