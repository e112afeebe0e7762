"""Studies, their images, jobs, results and deliveries in SQLite: what survives whatever ends the service.

Every change is one transaction that is on disk before it returns (write-ahead log, ``synchronous=FULL``), with the
event that tells of it. One process owns the table; another one may ask, and requeue jobs.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from threading import RLock
from typing import Any

from mammo_plugins.io.canonical_json import digest_of

from .event_log import Event
from .states import State, require_transition

_SCHEMA = """
CREATE TABLE IF NOT EXISTS studies (
  number INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, folder TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS images (
  sop_uid TEXT PRIMARY KEY, study INTEGER NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
  modality TEXT NOT NULL, view TEXT NOT NULL, received REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS images_by_study ON images (study);
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, study INTEGER NOT NULL, state TEXT NOT NULL,
  images TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT '', settings TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', first REAL NOT NULL, latest REAL NOT NULL, changed REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);
CREATE INDEX IF NOT EXISTS jobs_by_study ON jobs (study);
-- The same work is never done twice; a job that ended because of that has no model.
DROP INDEX IF EXISTS works;
CREATE UNIQUE INDEX IF NOT EXISTS works_with_model ON jobs (study, images, model, settings)
  WHERE model <> '' AND state IN ('predicting', 'written', 'sending', 'confirming', 'done', 'dead_letter');
CREATE TABLE IF NOT EXISTS job_images (job INTEGER, sop_uid TEXT, PRIMARY KEY (job, sop_uid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
  job INTEGER NOT NULL, file TEXT NOT NULL, sop_class TEXT NOT NULL, sop_uid TEXT NOT NULL, series_uid TEXT NOT NULL,
  study_uid TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (job, sop_uid)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
  job INTEGER NOT NULL, destination TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  not_before REAL NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', transaction_uid TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (job, destination)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commitments (
  transaction_uid TEXT PRIMARY KEY, job INTEGER NOT NULL, destination TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, content TEXT NOT NULL);
"""
_WAIT_SECONDS = 30  # for another process that writes
PREDICTED, NOT_PREDICTED = 'predicted', 'not predicted'


@dataclass(frozen=True)
class Job:
    """A row of the table.

    Attributes:
        number, study: of the job and its study.
        state: where it stands.
        images: digest of its set of images; empty while it collects.
        model, settings: digests of what it is predicted with; empty before that.
        tries: how often it was begun.
        not_before: when it may be tried again, in seconds since 1970.
        outcome: :data:`PREDICTED` or :data:`NOT_PREDICTED` once that is decided.
        reason: why the last try failed; may hold paths of this machine, and stays in the table.
        first, latest: when its first and its latest image came.
        changed: when it last changed its state.
    """

    number: int
    study: int
    state: State
    images: str
    model: str
    settings: str
    tries: int
    not_before: float
    outcome: str
    reason: str
    first: float
    latest: float
    changed: float


_JOB = ', '.join(field.name for field in fields(Job))


class JobTable:
    """The table.

    Args:
        path: of the database.
        clock: seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self._lock = RLock()
        self._database = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        self._database.execute('PRAGMA journal_mode=WAL')
        self._database.execute('PRAGMA synchronous=FULL')
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All changes of the block together, on disk when it ends, or none; blocks may be nested."""
        with self._lock:
            if self._database.in_transaction:
                yield self._database
                return
            self._database.execute('BEGIN IMMEDIATE')
            try:
                yield self._database
                self._database.execute('COMMIT')
            except BaseException:
                if self._database.in_transaction:  # SQLite ends it itself where the disk is full
                    self._database.execute('ROLLBACK')
                raise

    def ask(self, query: str, *values: object) -> list[tuple]:
        """The rows of a query."""
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def note(self, event: str, **content: Any) -> None:
        """Enters an event; what it is about must identify no patient."""
        with self.transaction() as database:
            database.execute(
                'INSERT INTO events (time, content) VALUES (?, ?)',
                (self.clock(), json.dumps({'event': event, **content})),
            )

    def events_after(self, number: int) -> list[Event]:
        """Events behind one."""
        rows = self.ask('SELECT number, time, content FROM events WHERE number > ? ORDER BY number', number)
        return [Event(number, time, json.loads(content)) for number, time, content in rows]

    @property
    def num_events(self) -> int:
        """How many there were."""
        return self.ask('SELECT COALESCE(MAX(number), 0) FROM events')[0][0]

    def job(self, number: int) -> Job:
        """A job by its number."""
        (row,) = self.ask(f'SELECT {_JOB} FROM jobs WHERE number = ?', number)
        return _job(row)

    def jobs(self, *states: State) -> list[Job]:
        """The jobs in some states, those that may be tried first in front."""
        marks = ', '.join('?' * len(states))
        rows = self.ask(f'SELECT {_JOB} FROM jobs WHERE state IN ({marks}) ORDER BY not_before, number', *states)
        return [_job(row) for row in rows]

    def count(self) -> dict[State, int]:
        """State to the number of jobs."""
        counts = dict(self.ask('SELECT state, COUNT(*) FROM jobs GROUP BY state'))
        return {state: counts.get(state.value, 0) for state in State}

    def move(self, number: int, after: State, *, told: str = '', **changes: Any) -> None:
        """Lets a job go to another state.

        Args:
            number: of the job.
            after: the state.
            told: a word of why, for the log.
            changes: other columns.

        Raises:
            TransitionError: it may not go there from where it stands.
        """
        with self.transaction() as database:
            before = self.job(number)
            require_transition(before.state, after)
            changes |= {'state': after.value, 'changed': self.clock()}
            columns = ', '.join(f'{name} = ?' for name in changes)
            database.execute(f'UPDATE jobs SET {columns} WHERE number = ?', (*changes.values(), number))
            why = {'reason': told} if told else {}
            self.note('state', job=number, **{'from': before.state.value, 'to': after.value}, **why)

    def fix_images(self, number: int) -> None:
        """Lets a job that collects become ready, with the images that its study has now."""
        with self.transaction() as database:
            study = self.job(number).study
            uids = [uid for (uid,) in self.ask('SELECT sop_uid FROM images WHERE study = ? ORDER BY sop_uid', study)]
            database.execute('DELETE FROM job_images WHERE job = ?', (number,))
            database.executemany('INSERT INTO job_images VALUES (?, ?)', [(number, uid) for uid in uids])
            self.move(number, State.READY, images=digest_of(uids))

    def claim(self, number: int, model: str, settings: str, counts: bool = True) -> bool:
        """Lets a ready job be predicted, unless the same work was done: then the job ends.

        Args:
            number: of the job.
            model, settings: digests of what predicts it.
            counts: whether it is a try.
        """
        with self.transaction():
            job = self.job(number)
            same = self.ask(
                'SELECT number FROM jobs WHERE study = ? AND images = ? AND model = ? AND settings = ? AND number <> ? '
                "AND state IN ('predicting', 'written', 'sending', 'confirming', 'done', 'dead_letter')",
                job.study,
                job.images,
                model,
                settings,
                number,
            )
            if same:
                told = f'same work as job {same[0][0]}'
                self.move(number, State.DONE, told=told, reason='same work', model='', settings='')
                return False
            tries = job.tries + counts
            self.move(number, State.PREDICTING, model=model, settings=settings, tries=tries)
            return True

    def images_of(self, number: int) -> list[tuple[str, str]]:
        """SOP Instance UID and file of the images that a job is about and that are still kept."""
        return self.ask(
            'SELECT sop_uid, file FROM job_images JOIN images USING (sop_uid) WHERE job = ? ORDER BY sop_uid', number
        )

    def recover(self, told: str = 'the service ended') -> Sequence[int]:
        """Numbers of the jobs that seem to be predicted and are not; they are ready again.

        Args:
            told: a word of why, for the log.
        """
        with self.transaction():
            numbers = [job.number for job in self.jobs(State.PREDICTING)]
            for number in numbers:
                self.move(number, State.READY, told=told)
        return numbers


def _job(row: tuple) -> Job:
    values = dict(zip((field.name for field in fields(Job)), row, strict=True))
    return Job(**{**values, 'state': State(values['state'])})
