"""Finds the files of CBIS-DDSM on disk, whichever tool has downloaded them.

The tables' paths end in ``000000.dcm``; on disk the names are others (``1-1.dcm``) and so are, for some tools, the
folders: ``<case>/<study UID>/<series UID>``, ``<case>/<date and description>/<series description>`` or the series UID
alone. Cases and series UIDs are unique, so files are looked up by any folder's name.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath

from mammo_plugins.io.slice_folder import has_dicom_marker

from ..release_files import ReleaseFiles

_SUFFIXES = ('.dcm', '.dicom')


class DownloadedFiles:
    """DICOM files below a folder, by the names of the folders that they lie in and by their own.

    Names of a table are looked up, never joined to a path: no table can lead out of the folder.

    Args:
        release: the folder's files.
    """

    def __init__(self, release: ReleaseFiles) -> None:
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in release.files:
            if path.suffix.lower() in _SUFFIXES or _is_bare_dicom(path):
                for key in {*path.parent.relative_to(release.src).parts, path.stem}:
                    self._by_name[key].append(path)

    def find_film(self, film_path: str) -> Path:
        """The one file of a film.

        Args:
            film_path: as in the table.

        Raises:
            ValueError: there is none, or more than one.
        """
        found = self._find(film_path)
        if len(found) > 1:
            series = _series_of(film_path)
            found = [path for path in found if series in path.parts] or found
        if not found:
            raise ValueError(f'no DICOM file of {film_path}')
        if len(found) > 1:
            raise ValueError(f'{len(found)} files might be {film_path}: {", ".join(str(path) for path in found[:3])}')
        return found[0]

    def find_roi_files(self, roi_paths: tuple[str, str]) -> tuple[Path, ...]:
        """Every file of an abnormality, mask and cropped image in any order; possibly none."""
        return tuple(dict.fromkeys(path for roi_path in roi_paths for path in self._find(roi_path)))

    def _find(self, table_path: str) -> list[Path]:
        """Files in the folder of a case, or where there is none of that name in that of the series."""
        case = PurePosixPath(table_path).parts[0]
        return self._by_name.get(case) or self._by_name.get(_series_of(table_path)) or []


def _series_of(table_path: str) -> str:
    """Series UID: the folder of the file."""
    return PurePosixPath(table_path).parent.name


def _is_bare_dicom(path: Path) -> bool:
    return path.suffix == '' and has_dicom_marker(path)
