"""The watch over hostile cases notices everything that it is there for, and goes on after it."""

from __future__ import annotations

import pytest

from . import misbehaving_targets, supervisor
from .supervisor import HANGS, Limits, Outcome, run_cases

LIMITS = Limits(cpu_seconds=1, wall_seconds=3, memory_bytes=150_000_000)
COUNT = 5


def outcomes_of(name: str, folder) -> list:
    return run_cases(f'{misbehaving_targets.__name__}:{name}', misbehaving_targets.SEED, COUNT, folder, LIMITS)


@pytest.mark.parametrize(
    ('name', 'outcome', 'detail'),
    [
        ('Crashing', 'ends the process', 'SIGSEGV'),
        ('Exiting', 'ends the process', 'exit code 3'),
        ('Hanging', 'hangs', 'of processor time'),
        ('Waiting', 'hangs', 'by the clock'),
        ('Filling', 'takes too much memory', 'ended for it'),
        ('Peaking', 'takes too much memory', 'MB'),
        ('Undocumented', 'undocumented error', 'KeyError'),
        ('Nameless', 'error without the file', 'something is wrong'),
        ('Escaping', 'leaves its folders', 'elsewhere'),
        ('Peeking', 'leaves its folders', "opens '/etc/passwd' to read"),
        ('Starting', 'leaves its folders', 'os.system'),
        ('Harmless', 'refused', 'refused'),
    ],
)
def test_misbehaviour_is_attributed_to_its_case_and_the_others_go_on(name, outcome, detail, tmp_path):
    outcomes = outcomes_of(name, tmp_path)
    bad = misbehaving_targets.BAD_CASE
    assert [case.number for case in outcomes] == list(range(COUNT))
    assert [case.outcome for case in outcomes if case.number != bad] == ['refused'] * (COUNT - 1)
    assert (outcomes[bad].outcome, detail in outcomes[bad].detail) == (outcome, True)
    assert (tmp_path / 'failures' / str(bad) / 'in' / 'file').is_file() == (name != 'Harmless')


def test_case_that_hangs_once_is_told_by_its_second_run(monkeypatch, tmp_path):
    runs = []

    def run(target, seed, first, count, *_):
        runs.append((first, count))
        for number in range(first, count):
            hangs = number == 1 and len(runs) == 1
            yield Outcome(number, HANGS if hangs else 'refused')
            if hangs:
                return

    monkeypatch.setattr(supervisor, '_run_until_loss', run)
    outcomes = run_cases('target', '0', 3, tmp_path)
    assert outcomes == [Outcome(number, 'refused') for number in range(3)]
    assert runs == [(0, 3), (1, 2), (2, 3)]


def test_same_seed_makes_the_same_cases(tmp_path):
    contents = []
    for folder in ('one', 'other'):
        outcomes_of('Undocumented', tmp_path / folder)
        contents.append((tmp_path / folder / 'failures' / '2' / 'in' / 'file').read_bytes())
    assert contents[0] == contents[1] != b'valid'


def test_reader_that_cannot_read_valid_files_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match='no decoder'):
        outcomes_of('Unready', tmp_path)
