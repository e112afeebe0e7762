"""Results on their way: a row for each job and destination, from which the state of the job follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum

from .job_table import NOT_PREDICTED, JobTable
from .settings import Delivery
from .states import State


class Stage(str, Enum):
    """Where the results of a job stand with a destination."""

    PENDING = 'pending'
    SENT = 'sent'  # taken; to be confirmed
    CONFIRMED = 'confirmed'
    DEAD = 'dead'  # tried too often


@dataclass(frozen=True)
class ResultFile:
    """An object that is to be delivered, as it lies on disk: sent again, it is the same byte for byte.

    Attributes:
        file: below the folder of jobs.
        sop_class, sop_uid, series_uid, study_uid: its identity.
        sha256: of the file.
    """

    file: str
    sop_class: str
    sop_uid: str
    series_uid: str
    study_uid: str
    sha256: str


@dataclass(frozen=True)
class Row:
    """A job and a destination.

    Attributes:
        job, destination: by number and name.
        state: where it stands.
        tries: failures so far.
        not_before: when it may be tried again.
        transaction_uid: of the commitment that was asked for last.
    """

    job: int
    destination: str
    state: Stage
    tries: int
    not_before: float
    transaction_uid: str


NOT_COMMITTED = 'not committed'
"""In place of the transaction of a commitment that the archive refused."""

_ROW = ', '.join(field.name for field in fields(Row))
_RESULT = ', '.join(field.name for field in fields(ResultFile))


def enter_results(table: JobTable, job: int, outcome: str, files: Iterable[ResultFile], reason: str = '') -> None:
    """Enters what was written of a job that was being predicted; the files must be on disk."""
    with table.transaction() as database:
        database.execute('DELETE FROM results WHERE job = ?', (job,))
        database.execute('DELETE FROM deliveries WHERE job = ?', (job,))
        rows = [(job, *(getattr(file, field.name) for field in fields(ResultFile))) for file in files]
        database.executemany(f'INSERT INTO results (job, {_RESULT}) VALUES (?, ?, ?, ?, ?, ?, ?)', rows)
        table.move(job, State.WRITTEN, told=f'{outcome}, {len(rows)} objects', outcome=outcome, reason=reason)


def begin_deliveries(table: JobTable, destinations: Sequence[str]) -> None:
    """Lets every job whose results are written be sent."""
    for job in table.jobs(State.WRITTEN):
        with table.transaction() as database:
            table.move(job.number, State.SENDING)
            if results_of(table, job.number):
                rows = [(job.number, name, Stage.PENDING) for name in destinations]
                database.executemany('INSERT INTO deliveries (job, destination, state) VALUES (?, ?, ?)', rows)
            settle(table, job.number)


def results_of(table: JobTable, job: int) -> list[ResultFile]:
    """The objects of a job."""
    rows = table.ask(f'SELECT {_RESULT} FROM results WHERE job = ? ORDER BY file', job)
    return [ResultFile(*row) for row in rows]


def due(table: JobTable, destination: str, state: Stage) -> list[Row]:
    """Rows of a destination that are to be tried now, the longest waiting first."""
    rows = table.ask(
        f'SELECT {_ROW} FROM deliveries WHERE destination = ? AND state = ? AND not_before <= ? '
        'ORDER BY not_before, job',
        destination,
        state,
        table.clock(),
    )
    return [Row(job, name, Stage(state), *rest) for job, name, state, *rest in rows]


def advance(table: JobTable, row: Row, state: Stage) -> None:
    """Notes that a destination took the results, or confirmed that it has them."""
    with table.transaction() as database:
        if not _change(table, row, state=state, not_before=0.0, reason='', transaction_uid=''):
            return
        database.execute('DELETE FROM commitments WHERE job = ? AND destination = ?', (row.job, row.destination))
        table.note('delivery', job=row.job, destination=row.destination, state=state.value)
        settle(table, row.job)


def _change(table: JobTable, row: Row, **changes: object) -> bool:
    """Changes a row that still stands as it was read; whether it did.

    A report of storage commitment comes whenever it likes, also while an answer of the archive is waited for.
    """
    columns = ', '.join(f'{name} = ?' for name in changes)
    with table.transaction() as database:
        changed = database.execute(
            f'UPDATE deliveries SET {columns} WHERE job = ? AND destination = ? AND state = ? AND transaction_uid = ?',
            (*changes.values(), row.job, row.destination, row.state, row.transaction_uid),
        )
        return changed.rowcount == 1


def postpone(table: JobTable, row: Row, rules: Delivery, reason: str) -> Stage | None:
    """Notes a failure: the results wait to be sent again, or are a dead letter. Gives which; None where neither.

    Args:
        table: where.
        row: what failed.
        rules: how often and when it is tried again.
        reason: without anything that identifies a patient.
    """
    tries = row.tries + 1
    state = Stage.DEAD if tries >= rules.tries else Stage.PENDING
    not_before = table.clock() + rules.wait_seconds(tries)
    with table.transaction():
        if not _change(table, row, state=state, tries=tries, not_before=not_before, reason=reason):
            return None
        table.note(
            'delivery', job=row.job, destination=row.destination, state=state.value, failures=tries, reason=reason
        )
        settle(table, row.job)
    return state


def ask_commitment(table: JobTable, row: Row, transaction_uid: str, not_before: float) -> Row | None:
    """Notes that a commitment is asked for, and when to ask again. Gives the row as it is then, or None.

    Asked again because no report came, that counts as a failure; a report of any time it was asked is taken.
    """
    tries = row.tries + bool(row.transaction_uid)
    with table.transaction() as database:
        if not _change(table, row, transaction_uid=transaction_uid, not_before=not_before, tries=tries):
            return None
        database.execute('INSERT INTO commitments VALUES (?, ?, ?)', (transaction_uid, row.job, row.destination))
        table.note('commitment asked', job=row.job, destination=row.destination)
    return replace(row, transaction_uid=transaction_uid, not_before=not_before, tries=tries)


def give_up_unknown(table: JobTable, destinations: Sequence[str]) -> int:
    """Makes dead letters of deliveries to destinations that the settings have no more; gives their number."""
    marks = ', '.join('?' * len(destinations))
    rows = table.ask(
        f'SELECT {_ROW} FROM deliveries WHERE state IN (?, ?) AND destination NOT IN ({marks})',
        Stage.PENDING,
        Stage.SENT,
        *destinations,
    )
    reason = 'no such destination in the settings'
    for job, name, state, *rest in rows:
        with table.transaction():
            _change(table, Row(job, name, Stage(state), *rest), state=Stage.DEAD, reason=reason)
            table.note('delivery', job=job, destination=name, state=Stage.DEAD.value, reason=reason)
            settle(table, job)
    return len(rows)


def commit_results(table: JobTable, transaction_uid: str, committed: Sequence[str], failed: Sequence[str]) -> None:
    """Enters a report of storage commitment; one of a transaction that nobody asked for is noted only.

    Results that the archive does not have are marked with :data:`NOT_COMMITTED`, to be sent again.
    """
    with table.transaction():
        rows = table.ask(
            f'SELECT {_ROW} FROM deliveries WHERE state = ? '
            'AND (job, destination) IN (SELECT job, destination FROM commitments WHERE transaction_uid = ?)',
            Stage.SENT,
            transaction_uid,
        )
        if not rows:
            table.note('commitment of nothing')
            return
        job, name, state, *rest = rows[0]
        row = Row(job, name, Stage(state), *rest)
        missing = {file.sop_uid for file in results_of(table, job)} - set(committed)
        if not missing and not failed:
            advance(table, row, Stage.CONFIRMED)
            return
        _change(table, row, transaction_uid=NOT_COMMITTED, not_before=0.0)
        table.note('not committed', job=job, destination=name, objects=len(missing))


def settle(table: JobTable, job: int) -> None:
    """Lets a job follow its deliveries."""
    stages = {Stage(state) for (state,) in table.ask('SELECT state FROM deliveries WHERE job = ?', job)}
    state = table.job(job).state
    if Stage.PENDING in stages:
        if state is State.CONFIRMING:
            table.move(job, State.SENDING, told='not found at a destination')
        return
    if state is State.SENDING:
        table.move(job, State.CONFIRMING)
    if Stage.SENT in stages:
        return
    if Stage.DEAD in stages:
        table.move(job, State.DEAD_LETTER)
    else:
        table.move(job, State.FAILED if table.job(job).outcome == NOT_PREDICTED else State.DONE)


def retry(table: JobTable) -> dict[str, int]:
    """Sends dead letters again, and predicts again what failed and still has its images.

    Returns:
        ``dead letters`` and ``failed`` to how many.
    """
    counts = {'dead letters': 0, 'failed': 0}
    with table.transaction() as database:
        for job in table.jobs(State.DEAD_LETTER):
            table.move(job.number, State.SENDING, told='retry')
            database.execute(
                'UPDATE deliveries SET state = ?, tries = 0, not_before = 0 WHERE job = ? AND state = ?',
                (Stage.PENDING, job.number, Stage.DEAD),
            )
            counts['dead letters'] += 1
        for job in table.jobs(State.FAILED):
            if table.images_of(job.number):
                table.move(job.number, State.READY, told='retry', tries=0, not_before=0.0, outcome='')
                counts['failed'] += 1
    return counts
