"""Making phantoms as a function."""

import json

import pytest

from mammo_plugins.apis.phantoms import make_phantoms


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
    assert all(',test,48,64,' in row for row in rows)
    assert done == [1]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'release': 'inbreast'}, "unknown release 'inbreast'"),
        ({'preset': 'x'}, "unknown phantom preset 'x'"),
        ({'size': '12'}, "unknown size '12'"),
        ({'overrides': {'finding.x': 1}}, "no phantom setting 'finding.x'"),
    ],
)
def test_impossible_arguments_are_named_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        make_phantoms(tmp_path / 'out', 1, 0, **changes)
    assert not (tmp_path / 'out').exists()
