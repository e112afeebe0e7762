"""The study: presets change what is there to be changed, small models fit together, the numbers of the paper stand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from mammo_plugins.apis.study import find_study
from mammo_plugins.apis.study.phantom_config import entry_options, phantom_config

STUDY = find_study('glam')
ENTRIES = {entry.name: entry for entry in STUDY.entries()}
SETS = {'': Path('phantoms.json')}


@cache
def read(config: str) -> dict:
    return Config.fromfile(config).to_dict()


def has_place(node, path: str) -> bool:
    """Whether a config has a field, or a part that may get it."""
    *parents, _ = path.split('.')
    for name in parents:
        node = node[int(name)] if isinstance(node, list) else (node or {}).get(name)
    return isinstance(node, dict)


@pytest.mark.parametrize('preset', STUDY.presets)
@pytest.mark.parametrize('name', ENTRIES)
def test_presets_change_what_there_is(name, preset):
    entry = ENTRIES[name]
    cfg = read(entry.fields['config'])
    missing = [path for path in entry_options(entry, STUDY.presets[preset]) if not has_place(cfg, path)]
    assert not missing


def test_trained_and_tested_models_of_the_small_preset_have_the_same_weights():
    """Of each test and the stage whose weights it takes; models of one config are built once."""
    shapes = {}

    def weights(entry):
        model = phantom_config(entry, STUDY.presets['small'], SETS, Path('.'), 0).model
        key = str(sorted(model.to_dict().items(), key=str))
        if key not in shapes:
            init_default_scope('mmdet')
            built = MODELS.build(ConfigDict(model.to_dict()))
            shapes[key] = {name: tuple(value.shape) for name, value in built.state_dict().items()}
        return shapes[key]

    for entry in ENTRIES.values():
        if entry.test is not None:
            source = entry.fields['checkpoint'].strip('{}')
            assert weights(entry) == weights(ENTRIES[source]), entry.name


def test_numbers_of_the_paper_are_those_of_its_tables():
    def dice(row, category='malignant'):
        return STUDY.row(row).paper[category]['soft_dice']['value']

    assert [dice(row) for row in ('glam', 'gmic', 'cam', 'unet')] == [0.390, 0.325, 0.250, 0.504]
    # The relative gains over GMIC that the abstract has.
    assert dice('glam', 'benign') / dice('gmic', 'benign') == pytest.approx(1.396, abs=5e-4)
    assert dice('glam') / dice('gmic') == pytest.approx(1.20)
    for claim in STUDY.claims:
        better, worse = (
            STUDY.row(row).paper_number(claim.reading, claim.number) for row in (claim.better, claim.worse)
        )
        assert better is not None and (worse is None or better.value >= worse.value or claim.worse == 'g6_attention')


def test_one_row_begins_as_the_paper_does():
    even, published = (
        phantom_config(ENTRIES[name], STUDY.presets['small'], SETS, Path('.'), 0).model.global_module
        for name in ('glam_global', 'as_published')
    )
    assert even.head_bias and even.backbone.norm_outputs and even.init_cfg
    assert not published.head_bias and not published.backbone.norm_outputs and published.init_cfg is None
    alike = ('channels', 'strides', 'blocks', 'pool_padding')
    assert [published.backbone[name] for name in alike] == [even.backbone[name] for name in alike]
    assert published.pool_fraction == even.pool_fraction
