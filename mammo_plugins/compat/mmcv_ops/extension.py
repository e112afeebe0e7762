"""The module object that stands in for ``mmcv._ext``."""

from __future__ import annotations

from collections.abc import Callable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType

COMPILED_MMCV_COMMAND = (
    'pip install setuptools ninja && '
    'pip install --force-reinstall --no-deps --no-build-isolation --no-binary onedl-mmcv onedl-mmcv'
)


class MissingOpError(NotImplementedError):
    """An mmcv operator was called that has neither a compiled implementation nor a stand-in."""


class StandInExtension(ModuleType):
    """``mmcv._ext`` made of Python functions.

    mmcv asks for all its operator names while ``mmcv.ops`` is imported, hence every name exists here. A name without
    an implementation gives a function that raises :class:`MissingOpError` when it is called.
    """

    def __getattr__(self, name: str) -> Callable:
        if name.startswith('_'):
            raise AttributeError(f'module {self.__name__!r} has no attribute {name!r}')
        return _missing_op(name)


class _StandInLoader(Loader):
    """Gives the stand-in extension to Python's import system."""

    def __init__(self, operators: dict[str, Callable]) -> None:
        self._operators = operators

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandInExtension(spec.name, 'Stand-ins for the compiled operators of mmcv.')

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(self._operators)


def build_extension(name: str, operators: dict[str, Callable]) -> ModuleType:
    """A module called ``name`` that holds ``operators`` and an error for every other operator."""
    loader = _StandInLoader(operators)
    module = module_from_spec(ModuleSpec(name, loader, origin=__name__))
    loader.exec_module(module)
    return module


def _missing_op(name: str) -> Callable:
    def missing_op(*args: object, **kwargs: object) -> None:
        raise MissingOpError(
            f'the mmcv operator {name!r} has no stand-in, it exists only in a compiled mmcv. Build one (about 20 '
            f'minutes; needs a C++ compiler and, for a GPU, the CUDA toolkit that torch was built with):\n'
            f'    {COMPILED_MMCV_COMMAND}'
        )

    missing_op.__name__ = missing_op.__qualname__ = name
    return missing_op
