"""Hostile files of every kind: each is read or refused by name, within bounds, and nothing else happens.

``MAMMO_FUZZ_CASES`` is the number of cases of each reader, ``MAMMO_FUZZ_SEED`` their seed. A case depends on seed,
reader and number alone; the files of those that fail are kept, and their folder is named.
"""

from __future__ import annotations

import os
import time

import pytest

from . import image_targets, release_targets, table_targets
from .hostile_case import GOOD
from .supervisor import run_cases

SEED = os.environ.get('MAMMO_FUZZ_SEED', '20261121')
CASES = os.environ.get('MAMMO_FUZZ_CASES')
MIN_CASES = 10_000
TARGETS = {
    factory().name: (f'{module.__name__}:{factory.__name__}', factory().cases)
    for module in (image_targets, table_targets, release_targets)
    for factory in module.TARGETS
}


@pytest.fixture(scope='module', autouse=True)
def seed_is_printed() -> None:
    print(f'\nMAMMO_FUZZ_SEED={SEED}')


@pytest.mark.timeout(3600)  # of a busy machine; each case has limits of its own
@pytest.mark.parametrize('name', TARGETS)
def test_hostile_files_are_read_or_refused_by_name(name, tmp_path):
    target, cases = TARGETS[name]
    began = time.monotonic()
    outcomes = run_cases(target, SEED, int(CASES or cases), tmp_path)
    refused = sum(case.outcome == 'refused' for case in outcomes)
    print(f'{name}: {len(outcomes)} cases, {refused} refused, {time.monotonic() - began:.1f} s')
    failed = [case for case in outcomes if case.outcome not in GOOD]
    shown = '\n'.join(f'  case {case.number}: {case.outcome}: {case.detail}' for case in failed[:20])
    assert not failed, f'seed {SEED}: {len(failed)} of {len(outcomes)}; files in {tmp_path / "failures"}\n{shown}'
    assert len(outcomes) == int(CASES or cases)
    assert refused > len(outcomes) // 100, 'hardly anything is refused: the damage does not reach the reader'


def test_there_are_enough_cases():
    assert sum(cases for _, cases in TARGETS.values()) >= MIN_CASES
