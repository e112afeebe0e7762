"""Finds on disk the files that a release's table names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mammo_plugins.io.slice_folder import dicom_files_in


def resolve_release_path(root: Path, names: Iterable[str]) -> Path | None:
    """The first of several names that leads to an image, or None.

    Each name is tried as it stands, then without its leading folders one by one (download tools differ in whether they
    keep the collection's name). Where the folder of a file exists but the file has another name, the folder's only
    DICOM file is taken; so is ``SeriesInstanceUID.dcm`` where a series is one file instead of a folder.

    Args:
        root: folder that the names are relative to.
        names: paths as in the table, with slashes of either kind.
    """
    for name in names:
        parts = PurePosixPath(name.replace('\\', '/')).parts
        if not parts or '..' in parts:
            continue  # a table must not lead out of its folder
        parts = parts[1:] if parts[0].startswith('/') else parts  # '//' is a root of its own in POSIX
        for first in range(len(parts)):
            if found := _find(root.joinpath(*parts[first:]), root):
                return found
    return None


def _find(path: Path, root: Path) -> Path | None:
    if os.path.isfile(path):  # unlike pathlib's, says no where a name is too long for any file
        return path
    folder = path.parent
    if folder == root:
        return None
    if os.path.isdir(folder):
        files = dicom_files_in(folder)
        return files[0] if len(files) == 1 else None
    series_file = folder.with_name(f'{folder.name}.dcm')
    return series_file if os.path.isfile(series_file) else None
