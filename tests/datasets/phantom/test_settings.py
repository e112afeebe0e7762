"""Settings and presets."""

import json

import pytest

from mammo_plugins.datasets.phantom.settings import PRESETS, ImagingSettings, PhantomSettings, read_preset


def test_presets_can_be_written_as_json():
    for settings in PRESETS.values():
        assert json.loads(json.dumps(settings.as_dict()))['imaging']['rows'] == settings.imaging.rows


def test_override_changes_only_what_it_names():
    changed = PhantomSettings().override({'finding.malignant_share': 0.1, 'vendors': 'A', 'density_mix': [1, 0, 0, 0]})
    assert changed.finding.malignant_share == 0.1
    assert changed.vendors == 'A'
    assert changed.density_mix == (1, 0, 0, 0)
    assert changed.imaging == PhantomSettings().imaging


@pytest.mark.parametrize('name', ['finding.contrast', 'size', 'nothing.here', 'finding.'])
def test_unknown_settings_are_named(name):
    with pytest.raises(ValueError, match='no phantom setting'):
        PhantomSettings().override({name: 1})


@pytest.mark.parametrize(
    ('size', 'shape'), [('demo', (192, 128, 32)), ('full', (2457, 1890, 60)), ('96x64x8', (96, 64, 8))]
)
def test_sizes(size, shape):
    imaging = read_preset('demo').resized(size).imaging
    assert (imaging.rows, imaging.columns, imaging.slices) == shape


def test_every_size_shows_the_same_field():
    assert ImagingSettings(rows=400).pixel_mm == 0.5 * ImagingSettings(rows=200).pixel_mm


@pytest.mark.parametrize('size', ['huge', '96x64', '96x64x8x2'])
def test_unknown_sizes_are_refused(size):
    with pytest.raises(ValueError, match='unknown size'):
        read_preset('demo').resized(size)


def test_sizes_too_small_to_show_a_breast_are_refused():
    with pytest.raises(ValueError, match='8x8x2 is too small'):
        read_preset('demo').resized('8x8x2')


def test_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="unknown phantom preset 'hard'"):
        read_preset('hard')


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'finding.malignant_share': 0.9}, 'more than all breasts together'),
        ({'finding.malignant_share': -0.1}, 'expected 0 to 1'),
        ({'finding.unannotated_share': 1.5}, 'expected 0 to 1'),
    ],
)
def test_shares_that_cannot_be_are_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        PhantomSettings().override(changes)


def test_settings_that_hold_only_together_are_changed_together():
    changed = PhantomSettings().override({'finding.malignant_share': 1.0, 'finding.benign_share': 0.0})
    assert (changed.finding.malignant_share, changed.finding.benign_share) == (1.0, 0.0)
