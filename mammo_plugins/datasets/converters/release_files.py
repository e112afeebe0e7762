"""The files of a release as they lie on disk, by the one walk that every command uses."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from mammo_plugins.io.source_walk import SEEN_ALREADY, printable_path, walk_source

from .conversion_report import ConversionError, ConversionReport
from .release_table import RowError


class ReleaseFiles:
    """Files and folders below the folder of a release; what cannot be entered is listed in the report.

    Args:
        src: the folder.
        report: gets an entry for each dangling link, loop, locked folder and name that is not UTF-8.

    Attributes:
        files: in the order of their paths.
        folders: those that could be listed, likewise.

    Raises:
        ConversionError: the folder itself is missing or cannot be listed.
    """

    def __init__(self, src: Path, report: ConversionReport) -> None:
        if not src.is_dir():
            raise ConversionError(f'{printable_path(src)} is not a folder: give the folder of the data set')
        walked = walk_source(src)
        if reason := walked.problems.get(str(src)):
            raise ConversionError(f'{printable_path(src)}: {reason}')
        self.src, self.files, self.folders = src, walked.files, walked.folders
        self._problems = walked.problems
        self._by_folder: dict[Path, list[Path]] = defaultdict(list)
        for file in self.files:
            self._by_folder[file.parent].append(file)
        for path, reason in sorted(walked.problems.items()):
            report.drop(printable_path(Path(path).relative_to(src)), reason, 'paths')

    def in_folder(self, folder: Path) -> list[Path]:
        """Files that lie in a folder itself."""
        return self._by_folder.get(folder, [])

    def below(self, folder: Path) -> list[Path]:
        """Files in a folder and in the folders below it."""
        inside = [found for found in self.folders if found.is_relative_to(folder)]
        return [file for found in inside for file in self.in_folder(found)]

    def find(self, name: str, roots: Sequence[Path] = ()) -> Path:
        """The file that a table names, by its whole name.

        The name is tried as it stands, then without its leading folders one by one: tables carry the paths of the
        archive they were made in, and download tools differ in which folders they keep. Where the folder of a patient
        or an exam holds many images, a file that is absent (a partial download) must not be replaced by the only other
        one in its folder, as :mod:`.release_paths` does for releases of one file a folder.

        Args:
            name: path as in the table, with slashes of either kind. One that leads out of its folder finds nothing.
            roots: folders that the name may be relative to, the likeliest first; the release's where empty.

        Raises:
            RowError: there is none, and why.
        """
        for path in _candidates(roots or (self.src,), name):
            if (reason := self.problem_of(path)) is not None:
                raise RowError(f'no file {name}: {reason}')
            # On texts: a table of half a million paths would spend minutes in pathlib.
            if os.path.isfile(path):
                return Path(path)
        raise RowError(f'no file {name}')

    def problem_of(self, path: str | Path) -> str | None:
        """Why a path, or a folder that it leads through, cannot be entered; None where nothing is wrong with it."""
        if not self._problems:
            return None
        path = Path(path)
        for place in (path, *path.parents):
            reason = self._problems.get(str(place))
            if reason is not None and reason != SEEN_ALREADY:
                return reason if place == path else f'{printable_path(place.relative_to(self.src))}: {reason}'
        return None

    def refusal(self, reason: str) -> ConversionError:
        """The error of a folder that lacks what the release needs, with what could not be entered in it."""
        shown = [f'{printable_path(Path(path).relative_to(self.src))}: {why}' for path, why in self._problems.items()]
        return ConversionError(f'{self.src}: {reason}' + ''.join(f'\n    {problem}' for problem in sorted(shown)[:3]))


def _candidates(roots: Sequence[Path], name: str) -> Iterator[str]:
    parts = [part for part in name.replace('\\', '/').split('/') if part not in ('', '.')]
    if '..' in parts:
        return
    for first in range(len(parts)):
        ending = '/'.join(parts[first:])
        for root in roots:
            yield f'{root}/{ending}'
