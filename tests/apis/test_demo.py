"""The demo's phantoms are made when they must be, and only then; the whole demo runs in tests/test_wheel.py."""

from __future__ import annotations

import json

import pytest

from mammo_plugins.apis import demo


@pytest.fixture
def made(monkeypatch) -> list[int]:
    """Seeds of the releases that were made; making one leaves a file in its folder."""
    seeds: list[int] = []

    def make(folder, cases, seed, **_):
        folder.mkdir(parents=True)
        (folder / 'release').write_text(json.dumps([cases, seed]))
        seeds.append(seed)

    monkeypatch.setattr(demo, 'make_phantoms', make)
    monkeypatch.setattr(demo, 'convert_dataset', lambda name, src, out: out.write_text(name))
    return seeds


def test_finished_phantoms_are_kept(made, tmp_path):
    for _ in range(2):
        demo._prepare_phantoms(tmp_path, cases=2, seed=0, workers=1)
    assert made == [0]


def test_phantoms_of_another_seed_are_replaced(made, tmp_path):
    for seed in (0, 1):
        demo._prepare_phantoms(tmp_path, cases=2, seed=seed, workers=1)
    assert made == [0, 1]
    assert json.loads((tmp_path / 'phantoms' / 'release').read_text()) == [2, 1]


def test_phantoms_of_an_interrupted_run_are_replaced(made, tmp_path):
    (tmp_path / 'phantoms').mkdir()
    (tmp_path / 'phantoms' / 'half').touch()
    demo._prepare_phantoms(tmp_path, cases=2, seed=0, workers=1)
    assert [path.name for path in (tmp_path / 'phantoms').iterdir()] == ['release']
