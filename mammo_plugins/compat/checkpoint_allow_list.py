"""What a checkpoint may contain besides tensors and plain containers.

Each entry is something that mmengine writes into a training checkpoint and that can do nothing else than hold data.
"""

from __future__ import annotations

import codecs
import importlib
import pickle
from collections import Counter
from collections.abc import Callable
from typing import Any

_NUMERIC_AND_TEXT_KINDS = '?bBhHiIlLqQefdgFDGSUmM'


def checkpoint_allow_list() -> list[Callable]:
    """Classes and functions for ``torch.serialization.safe_globals``.

    torch tells them apart by ``__module__`` and ``__qualname__``; the aliases below carry the names under which other
    versions of NumPy and Python's pickle protocol 2 store a function.
    """
    import numpy as np
    from mmengine.config import ConfigDict
    from mmengine.logging import HistoryBuffer

    dtype_classes = {type(np.dtype(kind)) for kind in _NUMERIC_AND_TEXT_KINDS}
    return [
        np.ndarray,
        np.dtype,
        *dtype_classes,
        *_numpy_constructors(),
        HistoryBuffer,
        ConfigDict,
        slice,
        # Newer versions of torch allow these two by themselves: bytes of an array, and milestones of MultiStepLR.
        codecs.encode,
        Counter,
        _alias(_history_buffer_method, 'builtins', 'getattr'),
    ]


def _numpy_constructors() -> list[Callable]:
    """NumPy's array and scalar constructors, named as NumPy 1 and NumPy 2 store them."""
    import numpy as np

    package = 'numpy.core' if np.__version__.startswith('1.') else 'numpy._core'
    multiarray = importlib.import_module(f'{package}.multiarray')
    return [
        _alias(getattr(multiarray, name), module, name)
        for name in ('_reconstruct', 'scalar')
        for module in ('numpy.core.multiarray', 'numpy._core.multiarray')
    ]


def _history_buffer_method(owner: Any, name: str) -> Callable:
    """Stands in for ``getattr``, with which a ``HistoryBuffer`` stores its own public methods, and serves only those.

    Raises:
        pickle.UnpicklingError: anything else was asked for.
    """
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer or name.startswith('_') or not callable(getattr(HistoryBuffer, name, None)):
        raise pickle.UnpicklingError(f'GLOBAL builtins.getattr of {owner!r} and {name!r}')
    return getattr(HistoryBuffer, name)


def _alias(function: Callable, module: str, name: str) -> Callable:
    def alias(*args: Any) -> Any:
        return function(*args)

    alias.__module__, alias.__name__, alias.__qualname__ = module, name, name
    return alias
