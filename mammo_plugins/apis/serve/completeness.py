"""When a study is complete: nothing came for a while, all expected views are there, or it took too long."""

from __future__ import annotations

from collections import defaultdict

from .job_table import JobTable
from .settings import Complete
from .states import State

_FOUR_VIEWS = {'L-CC', 'L-MLO', 'R-CC', 'R-MLO'}


def fix_complete_studies(table: JobTable, rules: Complete) -> list[int]:
    """Lets every job whose study is complete become ready; gives their numbers."""
    ready = []
    for job in table.jobs(State.COLLECTING):
        with table.transaction():  # no image comes in between
            job = table.job(job.number)
            if job.state is State.COLLECTING and _is_complete(table, job.study, job.first, job.latest, rules):
                table.fix_images(job.number)
                ready.append(job.number)
    return ready


def _is_complete(table: JobTable, study: int, first: float, latest: float, rules: Complete) -> bool:
    now = table.clock()
    if now - latest >= rules.idle_seconds or now - first >= rules.timeout_seconds:
        return True
    return bool(rules.four_views_of) and _has_views(table, study, rules.four_views_of)


def _has_views(table: JobTable, study: int, modalities: tuple[str, ...]) -> bool:
    views = defaultdict(set)
    for modality, view in table.ask('SELECT modality, view FROM images WHERE study = ?', study):
        views[modality].add(view)
    return all(views[modality] >= _FOUR_VIEWS for modality in modalities)
