"""Which state may follow which, and what a crash leaves."""

from __future__ import annotations

import itertools
import sqlite3

import pytest

from mammo_plugins.apis.serve.deliveries import ResultFile, begin_deliveries, enter_results
from mammo_plugins.apis.serve.job_table import PREDICTED, JobTable
from mammo_plugins.apis.serve.received_images import Arrival, ReceivedImage, enter_image, judge_arrival
from mammo_plugins.apis.serve.states import FOLLOWING, State, TransitionError, require_transition

_ALLOWED = {
    ('collecting', 'ready'),
    ('ready', 'collecting'),
    ('ready', 'predicting'),
    ('ready', 'done'),
    ('predicting', 'ready'),
    ('predicting', 'written'),
    ('predicting', 'failed'),
    ('written', 'sending'),
    ('sending', 'confirming'),
    ('sending', 'dead_letter'),
    ('confirming', 'sending'),
    ('confirming', 'done'),
    ('confirming', 'failed'),
    ('confirming', 'dead_letter'),
    ('failed', 'ready'),
    ('dead_letter', 'sending'),
}


@pytest.mark.parametrize('pair', list(itertools.product(State, State)), ids=lambda pair: '-'.join(pair))
def test_only_what_the_table_names_may_follow(pair):
    if tuple(state.value for state in pair) in _ALLOWED:
        require_transition(*pair)
    else:
        with pytest.raises(TransitionError):
            require_transition(*pair)


def test_every_state_is_reached_and_done_is_the_only_end():
    assert {after for following in FOLLOWING.values() for after in following} == set(State)
    assert [state for state, following in FOLLOWING.items() if not following] == [State.DONE]


@pytest.fixture
def table(tmp_path):
    table = JobTable(tmp_path / 'jobs.sqlite', lambda: 50.0)
    yield table
    table.close()


def arrive(table, sop_uid, study='1.2'):
    enter_image(table, ReceivedImage(study, sop_uid, f'x/{sop_uid}.dcm', sop_uid * 2), 'x' + study)


def test_same_bytes_are_a_duplicate_and_others_a_conflict(table):
    assert judge_arrival(table, '1', '11') is Arrival.NEW
    arrive(table, '1')
    assert judge_arrival(table, '1', '11') is Arrival.DUPLICATE
    assert judge_arrival(table, '1', 'other') is Arrival.CONFLICT


def test_late_image_takes_a_waiting_job_back_and_gives_a_running_one_a_successor(table):
    arrive(table, '1')
    table.fix_images(1)
    arrive(table, '2')
    assert [job.state for job in table.jobs(*State)] == [State.COLLECTING]
    table.fix_images(1)
    assert table.claim(1, 'model', 'settings')
    arrive(table, '3')
    assert {job.number: job.state for job in table.jobs(*State)} == {1: State.PREDICTING, 2: State.COLLECTING}
    table.fix_images(2)
    assert [uid for uid, _ in table.images_of(1)] == ['1', '2']
    assert [uid for uid, _ in table.images_of(2)] == ['1', '2', '3']


def test_same_work_is_never_done_twice_and_another_model_is_other_work(table):
    for model, is_claimed in (('a', True), ('a', False), ('b', True)):
        with table.transaction() as database:
            if not table.ask('SELECT * FROM images'):
                arrive(table, '1')
                number = 1
            else:
                number = database.execute(
                    "INSERT INTO jobs (study, state, first, latest, changed) VALUES (1, 'collecting', 0, 0, 0)"
                ).lastrowid
        table.fix_images(number)
        assert table.claim(number, model, 'settings') is is_claimed
    assert table.job(2).state is State.DONE


@pytest.mark.parametrize('was_tried', [False, True])
def test_jobs_of_work_that_was_done_end_however_many_there_are(was_tried, table):
    """Each of images that came again after retention; one was tried when the first job was done at last."""
    for number in (1, 2, 3):
        table.ask('DELETE FROM images')
        table.ask("UPDATE jobs SET state = 'failed'")  # so that a further job begins
        arrive(table, '1')
        table.fix_images(number)
        if number == 1 or was_tried:
            assert table.claim(number, 'model', 'settings')
    table.ask("UPDATE jobs SET state = 'ready'")
    assert table.claim(1, 'model', 'settings')
    assert not table.claim(2, 'model', 'settings')
    assert not table.claim(3, 'model', 'settings')
    assert [table.job(number).state for number in (2, 3)] == [State.DONE] * 2


def test_study_without_results_is_done_without_a_delivery(table):
    arrive(table, '1')
    table.fix_images(1)
    table.claim(1, 'model', 'settings')
    enter_results(table, 1, PREDICTED, [])
    begin_deliveries(table, ['a', 'b'])
    assert table.job(1).state is State.DONE


def test_job_follows_all_its_destinations(table):
    from mammo_plugins.apis.serve.deliveries import Stage, advance, due

    arrive(table, '1')
    table.fix_images(1)
    table.claim(1, 'model', 'settings')
    enter_results(table, 1, PREDICTED, [ResultFile('a.dcm', '1', '2', '3', '4', '5')])
    begin_deliveries(table, ['a', 'b'])
    advance(table, due(table, 'a', Stage.PENDING)[0], Stage.CONFIRMED)
    assert table.job(1).state is State.SENDING
    advance(table, due(table, 'b', Stage.PENDING)[0], Stage.SENT)
    assert table.job(1).state is State.CONFIRMING
    advance(table, due(table, 'b', Stage.SENT)[0], Stage.CONFIRMED)
    assert table.job(1).state is State.DONE


def test_change_of_a_delivery_that_moved_on_in_between_is_dropped(table):
    from mammo_plugins.apis.serve.deliveries import Stage, advance, ask_commitment, commit_results, due, postpone
    from mammo_plugins.apis.serve.settings import Delivery

    arrive(table, '1')
    table.fix_images(1)
    table.claim(1, 'model', 'settings')
    enter_results(table, 1, PREDICTED, [ResultFile('a.dcm', '1', '2', '3', '4', '5')])
    begin_deliveries(table, ['a'])
    (pending,) = due(table, 'a', Stage.PENDING)
    advance(table, pending, Stage.SENT)
    (sent,) = due(table, 'a', Stage.SENT)
    asked = ask_commitment(table, sent, '9.9', 0.0)
    commit_results(table, '9.9', ['2'], [])
    before = table.ask('SELECT * FROM deliveries'), table.num_events
    for row in (pending, sent, asked):
        advance(table, row, Stage.SENT)
        assert postpone(table, row, Delivery(), 'no answer') is None
        assert ask_commitment(table, row, '9.10', 0.0) is None
    assert (table.ask('SELECT * FROM deliveries'), table.num_events) == before
    assert table.job(1).state is State.DONE


def test_interrupted_prediction_is_ready_again_and_the_try_counts(tmp_path):
    table = JobTable(tmp_path / 'jobs.sqlite')
    arrive(table, '1')
    table.fix_images(1)
    table.claim(1, 'model', 'settings')
    table.close()
    table = JobTable(tmp_path / 'jobs.sqlite')
    assert list(table.recover()) == [1]
    assert (table.job(1).state, table.job(1).tries) == (State.READY, 1)
    table.close()


def test_transaction_that_fails_leaves_nothing(table):
    def arrive_and_end():
        with table.transaction():
            arrive(table, '1')
            table.move(1, State.DONE)

    with pytest.raises(TransitionError):
        arrive_and_end()
    assert table.ask('SELECT * FROM images') == [] and table.num_events == 0


def test_table_goes_on_after_a_disk_that_was_full(table):
    table._database.execute(f'PRAGMA max_page_count = {table.ask("PRAGMA page_count")[0][0]}')
    with pytest.raises(sqlite3.OperationalError, match='full'):
        table.note('something', text='x' * 10**6)
    table._database.execute('PRAGMA max_page_count = 1000000')
    table.note('something', text='x' * 10**6)
    assert not table._database.in_transaction
    assert table.num_events == 1
