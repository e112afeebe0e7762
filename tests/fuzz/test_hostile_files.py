"""Hostile files of every kind: each is read or refused by name, within bounds, and nothing else happens.

The first tenth of the cases is for each day, all of them for ``make test-exhaustive``. ``MAMMO_FUZZ_CASES`` is the
number of cases of each reader then, ``MAMMO_FUZZ_SEED`` their seed. A case depends on seed, reader and number alone;
the files of those that fail are kept, and their folder is named.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from . import image_targets, release_targets, table_targets
from .hostile_case import GOOD
from .supervisor import run_cases

SEED = os.environ.get('MAMMO_FUZZ_SEED', '20261121')
CASES = os.environ.get('MAMMO_FUZZ_CASES')
MIN_CASES = 10_000
DAILY = 10  # a share of the cases, the first ones
TARGETS = {
    factory().name: (f'{module.__name__}:{factory.__name__}', factory().cases)
    for module in (image_targets, table_targets, release_targets)
    for factory in module.TARGETS
}


@pytest.fixture(scope='module', autouse=True)
def seed_is_printed() -> None:
    print(f'\nMAMMO_FUZZ_SEED={SEED}')


@pytest.mark.parametrize('name', TARGETS)
def test_some_hostile_files_are_read_or_refused_by_name(name, tmp_path):
    target, cases = TARGETS[name]
    check(name, run_cases(target, SEED, cases // DAILY, tmp_path), tmp_path)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)  # of a busy machine; each case has limits of its own
@pytest.mark.parametrize('name', TARGETS)
def test_hostile_files_are_read_or_refused_by_name(name, tmp_path):
    target, cases = TARGETS[name]
    began = time.monotonic()
    outcomes = run_cases(target, SEED, int(CASES or cases), tmp_path)
    refused = check(name, outcomes, tmp_path)
    print(f'{name}: {len(outcomes)} cases, {refused} refused, {time.monotonic() - began:.1f} s')
    assert len(outcomes) == int(CASES or cases)
    assert refused > len(outcomes) // 100, 'hardly anything is refused: the damage does not reach the reader'


def check(name: str, outcomes: list, folder: Path) -> int:
    """How many were refused; none may have ended otherwise than well."""
    failed = [case for case in outcomes if case.outcome not in GOOD]
    shown = '\n'.join(f'  case {case.number}: {case.outcome}: {case.detail}' for case in failed[:20])
    kept = folder / 'failures'
    assert not failed, f'{name}, seed {SEED}: {len(failed)} of {len(outcomes)}; files in {kept}\n{shown}'
    return sum(case.outcome == 'refused' for case in outcomes)


def test_there_are_enough_cases():
    assert sum(cases for _, cases in TARGETS.values()) >= MIN_CASES
