"""Making phantoms as a function, and keeping them."""

import json

import pytest

from mammo_plugins.apis.phantoms import making as phantoms
from mammo_plugins.apis.phantoms.making import make_phantoms, prepare_phantoms

SPLIT = (0.6, 0.1, 0.3)


def test_preset_size_and_overrides_reach_the_release(tmp_path):
    done = []
    folder = make_phantoms(
        tmp_path / 'out', 1, 3, preset='easy', size='64x48x6', split=(0, 0, 1),
        overrides={'finding.malignant_share': 1.0, 'finding.benign_share': 0.0}, on_patient=done.append,
    )  # fmt: skip
    about = json.loads((folder / 'phantom.json').read_text())
    assert about['settings']['imaging']['slices'] == 6
    assert about['settings']['finding']['malignant_share'] == 1.0
    rows = (folder / 'phantom-images.csv').read_text().splitlines()[1:]
    assert all(',test,48,64,' in row for row in rows if ',SM,' not in row)
    assert done == [1]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'release': 'x'}, "unknown release 'x'"),
        ({'preset': 'x'}, "unknown phantom preset 'x'"),
        ({'size': '12'}, "unknown size '12'"),
        ({'overrides': {'finding.x': 1}}, "no phantom setting 'finding.x'"),
    ],
)
def test_impossible_arguments_are_named_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        make_phantoms(tmp_path / 'out', 1, 0, **changes)
    assert not (tmp_path / 'out').exists()


@pytest.fixture
def made(monkeypatch) -> list[int]:
    """Seeds of the releases that were made; making one leaves a file in its folder."""
    seeds: list[int] = []

    def make(folder, cases, seed, **_):
        folder.mkdir(parents=True)
        (folder / 'release').write_text(json.dumps([cases, seed]))
        seeds.append(seed)

    monkeypatch.setattr(phantoms, 'make_phantoms', make)
    monkeypatch.setattr(phantoms, 'convert_dataset', lambda name, src, out: out.write_text(name))
    return seeds


def test_finished_phantoms_are_kept(made, tmp_path):
    for _ in range(2):
        assert prepare_phantoms(tmp_path, 2, 0, SPLIT) == tmp_path / 'phantoms.json'
    assert made == [0]


@pytest.mark.parametrize(
    'changed',
    [{'seed': 1}, {'cases': 3}, {'overrides': {'finding.unannotated_share': 0.0}}, {'size': '64x48x6'}],
    ids=str,
)
def test_phantoms_of_other_settings_are_replaced(made, tmp_path, changed):
    for changes in ({}, changed):
        prepare_phantoms(tmp_path, **{'cases': 2, 'seed': 0, 'split': SPLIT, **changes})
    assert len(made) == 2
    assert json.loads((tmp_path / 'phantoms' / 'release').read_text()) == [changed.get('cases', 2), made[-1]]


def test_phantoms_of_an_interrupted_run_are_replaced(made, tmp_path):
    (tmp_path / 'phantoms').mkdir()
    (tmp_path / 'phantoms' / 'half').touch()
    prepare_phantoms(tmp_path, 2, 0, SPLIT)
    assert [path.name for path in (tmp_path / 'phantoms').iterdir()] == ['release']
