"""Which files of a source belong to one study: found once, kept on disk, so that an archive needs no memory.

A study is what may be read together: the files of one Study Instance UID, or, of files without one, those of a patient
id in a folder.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mammo_plugins.io.file_identity import FileIdentity, read_identity
from mammo_plugins.io.source_walk import iter_source
from mammo_plugins.io.whole_file import whole_file

_VERSION = 2
_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE files (path TEXT PRIMARY KEY, patient TEXT, study TEXT, date TEXT, folder TEXT) WITHOUT ROWID;
CREATE TABLE problems (path TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;
"""
# In the order of their first files. An image has at least one file, so that ids that begin behind the files of earlier
# studies are never used twice.
_STUDIES = """
CREATE TABLE studies AS
  SELECT ROW_NUMBER() OVER (ORDER BY MIN(path)) AS number, study, patient, folder,
         SUM(COUNT(*)) OVER (ORDER BY MIN(path)) - COUNT(*) + 1 AS first_id
  FROM (SELECT path, study, CASE study WHEN '' THEN patient ELSE '' END AS patient,
               CASE study WHEN '' THEN folder ELSE '' END AS folder FROM files)
  GROUP BY study, patient, folder;
CREATE UNIQUE INDEX studies_by_number ON studies (number);
CREATE INDEX studies_by_study ON studies (study);
CREATE INDEX files_by_study ON files (study, patient, folder);
CREATE INDEX files_by_patient ON files (patient, study, date) WHERE patient <> '' AND study <> '';
"""
_EARLIER = """
WITH own AS (SELECT files.patient, files.study, MIN(files.date) AS date FROM files JOIN studies USING (study)
             WHERE studies.number = ? AND files.patient <> '' AND study <> '' AND date <> '' GROUP BY files.patient)
SELECT studies.number, own.date, MIN(files.date) AS earlier
  FROM own JOIN files USING (patient) JOIN studies ON studies.study = files.study
  WHERE files.patient <> '' AND files.study <> '' AND files.study <> own.study
        AND files.date <> '' AND files.date < own.date
  GROUP BY studies.number ORDER BY earlier DESC, studies.number
"""


@dataclass(frozen=True)
class Study:
    """Files that may be read together.

    Attributes:
        number: from 1.
        files: in the order of their paths; some may be no images.
        first_id: of its images.
        spread: patient id of files without a study to the number of folders that hold such files.
    """

    number: int
    files: Sequence[Path]
    first_id: int
    spread: Mapping[str, int]


@dataclass(frozen=True)
class EarlierStudy:
    """A study of the same patient.

    Attributes:
        study: its files.
        days: between it and the later one, by their Study Dates (0008,0020).
    """

    study: Study
    days: int


def build_index(path: Path, source: Path) -> None:
    """Looks at every file of a source; the index appears whole or not at all.

    Raises:
        FileNotFoundError: there is no such source.
    """
    with whole_file(path) as unfinished, closing(sqlite3.connect(unfinished)) as database:
        database.executescript(_SCHEMA)
        for file, problem in iter_source(source):
            if problem is None:
                _add(database, file)
            else:
                database.execute('INSERT OR REPLACE INTO problems VALUES (?, ?)', (str(file), problem))
        database.executescript(_STUDIES)
        database.commit()


def _add(database: sqlite3.Connection, file: Path) -> None:
    identity = read_identity(file)
    _insert(database, 'OR IGNORE', file, identity)  # its header may have named it already
    if identity.pixel_file is not None:
        _insert(database, 'OR REPLACE', identity.pixel_file, identity)


def _insert(database: sqlite3.Connection, conflict: str, file: Path, identity: FileIdentity) -> None:
    database.execute(
        f'INSERT {conflict} INTO files VALUES (?, ?, ?, ?, ?)',
        (str(file), identity.patient_id, identity.study_uid, identity.study_date, str(file.parent)),
    )


class StudyIndex:
    """Reads what :func:`build_index` wrote; several processes may.

    Args:
        path: the index.

    Raises:
        ValueError: another version of this package made it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if self._ask('PRAGMA user_version') != [(_VERSION,)]:
            raise ValueError(f'{path} was made by another version of mammo_plugins: begin anew, without --resume')
        self.num_studies: int = self._ask('SELECT COUNT(*) FROM studies')[0][0]

    def study(self, number: int) -> Study:
        """The files of a study, counted from 1."""
        ((study, patient, folder, first_id),) = self._ask(
            'SELECT study, patient, folder, first_id FROM studies WHERE number = ?', number
        )
        named = ('study = ?', study) if study else ("study = '' AND patient = ? AND folder = ?", patient, folder)
        files = self._ask(f'SELECT path FROM files WHERE {named[0]} ORDER BY path', *named[1:])
        spread = {}
        if not study:
            ((count,),) = self._ask(
                "SELECT COUNT(DISTINCT folder) FROM files WHERE study = '' AND patient = ?", patient
            )
            spread = {patient: count}
        return Study(number, [Path(file) for (file,) in files], first_id, spread)

    def earlier(self, number: int) -> Iterator[EarlierStudy]:
        """Earlier studies of the patient of a study, the latest first; none where dates or ids are not known."""
        for other, own, date in self._ask(_EARLIER, number):
            yield EarlierStudy(self.study(other), (_day(own) - _day(date)).days)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Path and reason of what could not be entered or is no file."""
        yield from self._ask('SELECT path, reason FROM problems ORDER BY path')

    def _ask(self, query: str, *values: object) -> list[tuple]:
        with closing(sqlite3.connect(f'{self._path.absolute().as_uri()}?mode=ro&immutable=1', uri=True)) as database:
            return database.execute(query, values).fetchall()


def _day(date: str) -> datetime:
    return datetime.strptime(date, '%Y%m%d')
