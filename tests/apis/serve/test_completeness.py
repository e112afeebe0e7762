"""When a study is complete, by a clock that the test sets, and when it leaves the disk."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from mammo_plugins.apis.serve import retention
from mammo_plugins.apis.serve.completeness import fix_complete_studies
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.received_images import ReceivedImage, enter_image
from mammo_plugins.apis.serve.retention import delete_old_studies
from mammo_plugins.apis.serve.settings import Complete, Retention
from mammo_plugins.apis.serve.spool import Spool
from mammo_plugins.apis.serve.states import State


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def table(tmp_path, clock):
    table = JobTable(tmp_path / 'jobs.sqlite', clock)
    yield table
    table.close()


def arrive(table, uid, modality='FFDM', view='L-CC', study='1.2'):
    enter_image(table, ReceivedImage(study, uid, f'{study}/{uid}.dcm', uid, modality, view), study)


def test_nothing_came_for_a_while(table, clock):
    rules = Complete(idle_seconds=60, timeout_seconds=600)
    arrive(table, '1')
    clock.now += 59
    arrive(table, '2')
    clock.now += 59.9
    assert fix_complete_studies(table, rules) == []
    clock.now += 0.1
    assert fix_complete_studies(table, rules) == [1]


def test_images_that_never_stop_come_to_an_end(table, clock):
    rules = Complete(idle_seconds=60, timeout_seconds=600)
    for number in range(20):
        assert fix_complete_studies(table, rules) == []
        arrive(table, str(number))
        clock.now += 30
    assert fix_complete_studies(table, rules) == [1]
    assert len(table.images_of(1)) == 20


def test_four_views_of_each_named_modality(table):
    rules = Complete(idle_seconds=60, timeout_seconds=600, four_views_of=('FFDM', 'DBT'))
    for modality in ('FFDM', 'DBT'):
        for view in ('L-CC', 'R-CC', 'L-MLO', 'R-MLO'):
            assert fix_complete_studies(table, rules) == []
            arrive(table, f'{modality} {view}', modality, view)
    assert fix_complete_studies(table, rules) == [1]


def test_late_image_begins_the_wait_anew(table, clock):
    rules = Complete(idle_seconds=60, timeout_seconds=600)
    arrive(table, '1')
    clock.now += 60
    assert fix_complete_studies(table, rules) == [1]
    arrive(table, '2')
    assert table.job(1).state is State.COLLECTING
    clock.now += 59
    assert fix_complete_studies(table, rules) == []
    clock.now += 1
    assert fix_complete_studies(table, rules) == [1]


def test_studies_wait_apart(table, clock):
    rules = Complete(idle_seconds=60, timeout_seconds=600)
    arrive(table, '1', study='1.2')
    clock.now += 30
    arrive(table, '2', study='1.3')
    clock.now += 30
    assert fix_complete_studies(table, rules) == [1]


def test_only_old_studies_that_are_done_are_deleted(table, clock, tmp_path):
    spool, rules = Spool(tmp_path / 'spool'), Retention(days=2)
    for number, study in enumerate(('1.2', '1.3', '1.4'), start=1):
        (spool.images / study).mkdir()
        (spool.images / study / f'{number}.dcm').write_bytes(b'x')
        arrive(table, str(number), study=study)
        if study != '1.4':
            table.fix_images(number)
            table.claim(number, 'model', 'settings')
            table.move(number, State.FAILED)
        clock.now += 86400
    assert delete_old_studies(table, spool, rules) == 2
    assert [path.name for path in spool.images.iterdir()] == ['1.4']
    assert [uid for (uid,) in table.ask('SELECT sop_uid FROM images')] == ['3']
    assert delete_old_studies(table, spool, rules) == 0
    clock.now += 10 * 86400
    assert delete_old_studies(table, spool, rules) == 0


def store_old_study(table, clock, spool):
    (spool.images / '1.2').mkdir()
    (spool.images / '1.2' / '1.dcm').write_bytes(b'x')
    arrive(table, '1')
    table.fix_images(1)
    table.claim(1, 'model', 'settings')
    table.move(1, State.FAILED)
    clock.now += 10 * 86400


@pytest.mark.parametrize('moment', ['before the commit', 'after the commit'])
def test_crash_while_a_study_is_deleted_leaves_all_of_it_or_nothing(moment, table, clock, tmp_path, monkeypatch):
    spool = Spool(tmp_path / 'spool')
    store_old_study(table, clock, spool)

    def crash(*_, **__):
        raise KeyboardInterrupt

    if moment == 'before the commit':
        monkeypatch.setattr(table, 'note', crash)
        monkeypatch.setattr(Path, 'rename', lambda source, target: os.rename(source, target) or crash())
    else:
        monkeypatch.setattr(retention.shutil, 'rmtree', crash)
    with pytest.raises(KeyboardInterrupt):
        delete_old_studies(table, spool, Retention(days=2))
    monkeypatch.undo()
    known = {file for (file,) in table.ask('SELECT file FROM images')}
    assert known == ({'1.2/1.dcm'} if moment == 'before the commit' else set())
    spool = Spool(tmp_path / 'spool')
    spool.clean(known)
    kept = {str(path.relative_to(spool.images)) for path in spool.root.rglob('*.dcm')}
    assert kept == known


def test_study_whose_deletion_cannot_be_noted_stays(table, clock, tmp_path, monkeypatch):
    spool = Spool(tmp_path / 'spool')
    store_old_study(table, clock, spool)

    def full(*_, **__):
        raise sqlite3.OperationalError('database or disk is full')

    monkeypatch.setattr(table, 'note', full)
    with pytest.raises(sqlite3.OperationalError):
        delete_old_studies(table, spool, Retention(days=2))
    assert (spool.images / '1.2' / '1.dcm').is_file()
    monkeypatch.undo()
    assert delete_old_studies(table, spool, Retention(days=2)) == 1
