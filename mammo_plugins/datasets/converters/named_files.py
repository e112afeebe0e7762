"""Finds the file that a table names, by its whole name.

Where the folder of a patient or an exam holds many images, a file that is absent (a partial download) must not be
replaced by the only other one in its folder, as :mod:`.release_paths` does for releases of one file a folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def find_named_file(roots: Sequence[Path], name: str) -> Path | None:
    """The file with this name under one of several folders, or None.

    The name is tried as it stands, then without its leading folders one by one: tables carry the paths of the archive
    they were made in, and download tools differ in which folders they keep.

    Args:
        roots: folders that the name may be relative to, the likeliest first.
        name: path as in the table, with slashes of either kind. One that leads out of its folder finds nothing.
    """
    parts = [part for part in name.replace('\\', '/').split('/') if part not in ('', '.')]
    if '..' in parts:
        return None
    for first in range(len(parts)):
        ending = '/'.join(parts[first:])
        for root in roots:
            # On texts: a table of half a million paths would spend minutes in pathlib.
            if os.path.isfile(path := f'{root}/{ending}'):
                return Path(path)
    return None
