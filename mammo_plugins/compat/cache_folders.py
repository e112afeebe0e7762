"""Folders in which libraries keep compiled code and fonts, where the machine gives them none.

A container that runs as a plain user has no home and may not write beside the installed packages. Numba (which mmdet's
augmentations import) then refuses to be imported, and matplotlib warns.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_VARIABLES = ('NUMBA_CACHE_DIR', 'MPLCONFIGDIR')


def provide_cache_folders() -> None:
    """Names a folder of the user's own below the temporary one, where the home folder cannot be written to."""
    if _is_writable(Path.home()):
        return
    for name in _VARIABLES:
        if name not in os.environ:
            folder = Path(tempfile.gettempdir()) / f'mammo_plugins_{os.getuid()}' / name.lower()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.environ[name] = str(folder)


def _is_writable(home: Path) -> bool:
    return home.is_dir() and os.access(home, os.W_OK)
