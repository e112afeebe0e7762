"""Images and results of studies that are done leave the disk by age; their rows stay, so that no work is done twice."""

from __future__ import annotations

import shutil

from .job_table import JobTable
from .settings import Retention
from .spool import Spool
from .states import State

_DAY_SECONDS = 86400.0


def delete_old_studies(table: JobTable, spool: Spool, rules: Retention) -> int:
    """Deletes studies all of whose jobs were done or had failed for some days; gives their number.

    Dead letters are kept until somebody sends them again.
    """
    limit = table.clock() - rules.days * _DAY_SECONDS
    old = table.ask(
        'SELECT study, folder FROM jobs JOIN studies ON studies.number = jobs.study '
        'WHERE EXISTS (SELECT 1 FROM images WHERE images.study = jobs.study) GROUP BY study '
        'HAVING MAX(jobs.changed) <= ? AND SUM(state NOT IN (?, ?)) = 0',
        limit,
        State.DONE,
        State.FAILED,
    )
    return sum(_delete_study(table, spool, study, folder) for study, folder in old)


class _NeededError(Exception):
    """A study has a job to be done after all."""


def _delete_study(table: JobTable, spool: Spool, study: int, folder: str) -> bool:
    """Whether a study was deleted. A crash before the commit brings its images back at the next start."""
    try:
        with spool.entering, spool.taking_away(folder) as leaving, table.transaction() as database:
            numbers = [number for (number,) in table.ask('SELECT number FROM jobs WHERE study = ?', study)]
            if any(table.job(number).state not in (State.DONE, State.FAILED) for number in numbers):
                raise _NeededError
            database.execute('DELETE FROM images WHERE study = ?', (study,))
            table.note('study deleted', study=folder, jobs=numbers)
    except _NeededError:
        return False
    for path in (leaving, *map(spool.job, numbers)):
        shutil.rmtree(path, ignore_errors=True)
    return True


def delete_left_jobs(table: JobTable, spool: Spool) -> int:
    """Deletes what a crash left of jobs whose study was deleted: at start, before anything comes in."""
    over = {
        number
        for (number,) in table.ask(
            'SELECT number FROM jobs WHERE state IN (?, ?) '
            'AND NOT EXISTS (SELECT 1 FROM images WHERE images.study = jobs.study)',
            State.DONE,
            State.FAILED,
        )
    }
    left = [folder for folder in spool.jobs.iterdir() if folder.name.isdigit() and int(folder.name) in over]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)
