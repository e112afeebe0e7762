"""Messages of libraries that say nothing to who uses this project. Everything else stays on the screen."""

from __future__ import annotations

import functools
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Beginnings, as warnings.filterwarnings takes them: each with the reason why a user can do nothing with it.
_WARNINGS = (
    # What this project stands in for, or does not use.
    'faster_coco_eval is not installed',
    'Fail to import ``MultiScaleDeformableAttention``',
    # torch's own, of calls that mmengine, timm or mmdet make.
    r'torch\.cuda\.amp\.\w+\(.*\) is deprecated',
    '`torch.cuda.amp.*is deprecated',
    'torch.meshgrid: in an upcoming release',
    'The given NumPy array is not writable',
    'Importing from timm',
    'pkg_resources is deprecated',
)
# Beginnings of what mmengine's print_log gets, which prints where it is given no logger, whatever the level.
_LOG_MESSAGES = (
    'Could not import OneDL',  # data sets of a service that this project does not use
    '"FileClient" will be deprecated',  # mmengine and mmdet call each other by old names
    '"HardDiskBackend" is the alias',
)


def quiet_libraries() -> None:
    """Hides what is listed here, and nothing else; later calls change nothing.

    Call it before importing mmdet. ``python -W`` and ``PYTHONWARNINGS`` come first where they are given.
    """
    if not sys.warnoptions:
        for beginning in _WARNINGS:
            warnings.filterwarnings('ignore', message=beginning)
    import mmengine.logging
    import mmengine.runner

    original = mmengine.logging.print_log
    if hasattr(original, 'of_mmengine'):
        return

    @functools.wraps(original)
    def print_log(msg: Any, *args: Any, **kwargs: Any) -> None:
        if not str(msg).startswith(_LOG_MESSAGES):
            original(msg, *args, **kwargs)

    print_log.of_mmengine = original  # type: ignore[attr-defined]
    for name, module in list(sys.modules.items()):
        if name.split('.')[0] == 'mmengine' and getattr(module, 'print_log', None) is original:
            vars(module)['print_log'] = print_log


@contextmanager
def quiet_log() -> Iterator[None]:
    """Keeps what mmengine says for information to itself, for steps that are done thousands of times."""
    from mmengine.logging import MMLogger

    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
