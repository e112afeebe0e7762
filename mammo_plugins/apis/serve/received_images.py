"""Images enter the table: new ones, the same again, and others under the same UID."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .job_table import JobTable
from .states import State


class Arrival(str, Enum):
    """What an image is."""

    NEW = 'new'
    DUPLICATE = 'duplicate'  # the same bytes again: nothing changes
    CONFLICT = 'conflict'  # other bytes under the same SOP Instance UID: the first are kept, these are refused


@dataclass(frozen=True)
class ReceivedImage:
    """An image on disk.

    Attributes:
        study_uid, sop_uid: its UIDs.
        file: below the folder of images.
        sha256: of its data set.
        modality, view: such as ``DBT`` and ``L-CC``; empty where the header does not tell.
    """

    study_uid: str
    sop_uid: str
    file: str
    sha256: str
    modality: str = ''
    view: str = ''


def judge_arrival(table: JobTable, sop_uid: str, sha256: str) -> Arrival:
    """What an image is before it is entered."""
    known = table.ask('SELECT sha256 FROM images WHERE sop_uid = ?', sop_uid)
    if not known:
        return Arrival.NEW
    return Arrival.DUPLICATE if known[0][0] == sha256 else Arrival.CONFLICT


def enter_image(table: JobTable, image: ReceivedImage, folder: str) -> None:
    """Enters a new image. The job of its study collects, again where it was only waiting, or a further job begins.

    Args:
        table: where.
        image: its file must be on disk.
        folder: of its study, below the folder of images.
    """
    now = table.clock()
    with table.transaction() as database:
        database.execute('INSERT OR IGNORE INTO studies (uid, folder) VALUES (?, ?)', (image.study_uid, folder))
        ((study,),) = table.ask('SELECT number FROM studies WHERE uid = ?', image.study_uid)
        database.execute(
            'INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?)',
            (image.sop_uid, study, image.file, image.sha256, image.modality, image.view, now),
        )
        table.note('image', study=folder, image=image.file.rpartition('/')[2], arrival=Arrival.NEW.value)
        waiting = table.ask(
            'SELECT number, state FROM jobs WHERE study = ? AND state IN (?, ?) ORDER BY state, number',
            study,
            State.COLLECTING,
            State.READY,
        )
        if not waiting:
            number = database.execute(
                'INSERT INTO jobs (study, state, first, latest, changed) VALUES (?, ?, ?, ?, ?)',
                (study, State.COLLECTING, now, now, now),
            ).lastrowid
            table.note('job', job=number, study=folder)
            return
        number, state = waiting[0]
        if state == State.READY:
            table.move(number, State.COLLECTING, told='a late image', images='', tries=0, not_before=0.0, first=now)
        database.execute('UPDATE jobs SET latest = ? WHERE number = ?', (now, number))
