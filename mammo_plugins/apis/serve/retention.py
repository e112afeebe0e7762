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
    for study, folder in old:
        with table.transaction() as database:  # no image of it comes in between
            numbers = [number for (number,) in table.ask('SELECT number FROM jobs WHERE study = ?', study)]
            if any(table.job(number).state not in (State.DONE, State.FAILED) for number in numbers):
                continue
            database.execute('DELETE FROM images WHERE study = ?', (study,))
            table.note('study deleted', study=folder, jobs=numbers)
        # A crash here leaves files that nobody knows; they are removed at the next start.
        shutil.rmtree(spool.images / folder, ignore_errors=True)
        for number in numbers:
            shutil.rmtree(spool.job(number), ignore_errors=True)
    return len(old)
