"""Messages of libraries that say nothing to who uses this project. Everything else stays on the screen."""

from __future__ import annotations

import logging
import warnings

# Beginnings, as warnings.filterwarnings takes them: each with the reason why a user can do nothing with it.
_WARNINGS = (
    # mmengine and mmdet call each other by old names.
    '.*`?FileClient`? will be deprecated',
    '.*file_client_args.*deprecated',
    '"HardDiskBackend" is the alias of "LocalBackend"',
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
_LOG_RECORDS = (
    'Could not import OneDL',
    'Failed to search registry with scope',
)


class _NotOfUse(logging.Filter):
    """Lets records of libraries pass unless they begin as one that is listed."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(_LOG_RECORDS)


def quiet_libraries() -> None:
    """Hides what is listed here, and nothing else; later calls change nothing.

    ``python -W`` and ``PYTHONWARNINGS`` still come first where they are given.
    """
    import sys

    if not sys.warnoptions:
        for beginning in _WARNINGS:
            warnings.filterwarnings('ignore', message=beginning)
    root = logging.getLogger()
    if not any(isinstance(found, _NotOfUse) for found in root.filters):
        root.addFilter(_NotOfUse())
