"""Finds on disk the files that a release's table names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mammo_plugins.io.slice_folder import is_dicom_file

from .release_files import ReleaseFiles
from .release_table import RowError


def resolve_release_path(files: ReleaseFiles, names: Sequence[str]) -> Path:
    """The image that the first of several names leads to.

    Each name is tried as it stands, then without its leading folders one by one (download tools differ in whether they
    keep the collection's name). Where the folder of a file exists but the file has another name, the folder's only
    DICOM file is taken; so is ``SeriesInstanceUID.dcm`` where a series is one file instead of a folder.

    Args:
        files: of the release, which the names are relative to.
        names: paths as in the table, with slashes of either kind.

    Raises:
        RowError: none leads to one, and why.
    """
    reason = None
    for name in names:
        parts = PurePosixPath(name.replace('\\', '/')).parts
        if not parts or '..' in parts:
            continue  # a table must not lead out of its folder
        parts = parts[1:] if parts[0].startswith('/') else parts  # '//' is a root of its own in POSIX
        for first in range(len(parts)):
            path = files.src.joinpath(*parts[first:])
            if found := _find(path, files):
                return found
            reason = reason or files.problem_of(path)
    raise RowError(f'no file {names[0] if names else "(both paths are empty)"}' + (f': {reason}' if reason else ''))


def _find(path: Path, files: ReleaseFiles) -> Path | None:
    if files.problem_of(path) is not None:
        return None
    if os.path.isfile(path):  # unlike pathlib's, says no where a name is too long for any file
        return path
    folder = path.parent
    if folder == files.src:
        return None
    if os.path.isdir(folder):
        inside = [file for file in files.in_folder(folder) if is_dicom_file(file)]
        return inside[0] if len(inside) == 1 else None
    series_file = folder.with_name(f'{folder.name}.dcm')
    return series_file if os.path.isfile(series_file) and files.problem_of(series_file) is None else None
