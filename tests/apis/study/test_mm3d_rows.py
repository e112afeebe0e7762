"""The rows of the M&M-3D study are those of the paper's tables, each with what its config changes."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mammo_plugins.apis.study.mm3d import AUC, FLAT, MM3D_STUDY, VOLUME
from mammo_plugins.apis.study.mm3d_config import REFERENCE, apply_row, row_config

ROOT = Path(__file__).parents[3]
ROWS = {row.name: row for row in MM3D_STUDY.rows}
OTHER_MEANS = {'unified_ffdm_dbt', 'mm3d_low_memory', 'mnm_ffdm_r50', 'mm3d_r50'}  # not of the paper, or the same model


def is_part(config):
    """Boxes for 40 % are what a study gives all rows that name no other share."""
    return config.stem not in OTHER_MEANS and not config.stem.endswith('ann40')


def small(name, preset='small'):
    entry = next(entry for entry in MM3D_STUDY.entries() if entry.name == f'test-{name}')
    return row_config(entry, MM3D_STUDY.presets[preset], {'': Path('phantoms/phantoms.json')}, Path('phantoms'), 7)


def test_every_config_of_the_project_is_trained():
    configs = {Path(stage['config']) for row in ROWS.values() for stage in row.stages}
    project = {path.relative_to(ROOT) for path in (ROOT / 'projects/mm3d/configs').glob('*.py')}
    project = {path for path in project if is_part(path)}
    assert configs == project | {Path('configs/mnm_ffdm.py'), Path('configs/mm3d_dbt.py')}


def test_names_are_unique_and_claims_are_about_rows():
    assert len(ROWS) == len(MM3D_STUDY.rows)
    for claim in MM3D_STUDY.claims:
        assert all(ROWS[name].reading(claim.reading) for name in (claim.better, claim.worse))


@pytest.mark.parametrize('preset', MM3D_STUDY.presets)
@pytest.mark.parametrize('name', ROWS)
def test_row_builds_at_every_size(name, preset):
    init_default_scope('mmdet')
    cfg = small(name, preset)
    MODELS.build(cfg.model)
    assert cfg.train_dataloader.dataset.modality == ('FFDM' if name == 'mnm_ffdm' else 'DBT')


@pytest.mark.parametrize(
    ('name', 'slices'),
    [('mip', 1), ('hm', 1), ('mm3d_z8', 4), ('mm3d', 8), ('buda', 8), ('mm3d_z32', 16), ('mnm_ffdm', 1)],
)
def test_slices_shrink_in_proportion(name, slices):
    cfg = small(name)
    assert {cfg[f'{part}_dataloader'].dataset.loading[0].num_slices for part in ('train', 'val', 'test')} == {slices}


@pytest.mark.parametrize(
    ('name', 'subset'),
    [
        ('mm3d', {'annotated_fraction': 0.4}),
        ('timesform_data10', {'annotated_fraction': 0.4, 'patient_fraction': 0.1}),
        ('mlp_regress_ann2', {'annotated_fraction': 0.02}),
    ],
)
def test_shares_are_of_the_paper(name, subset):
    assert dict(small(name).train_dataloader.dataset.subset) == {**subset, 'seed': 7}
    assert 'subset' not in small(name).test_dataloader.dataset


def test_what_rows_change_arrives():
    assert small('buda').model.type == 'SliceBySliceRCNN'
    assert small('buda').train_dataloader.dataset.pipeline[0].type == 'SampleSlice'
    assert small('mm3d_annotated').train_dataloader.dataset.filter_cfg == {'drop_unannotated': True}
    assert small('hm').test_dataloader.dataset.loading[-1].reference == 'phantoms/ffdm_histogram.json'
    assert small('mm3d_mean').model.roi_head.bbox_head.slice_fusion.type == 'MeanFusion'
    assert small('query_summary').model.roi_head.bbox_head.slice_fusion.num_proposals == 12
    assert small('mlp_regress').model.roi_head.bbox_head.slice_fusion.num_slices == 8
    assert small('mm3d_coco').model.backbone.frozen_stages == -1


def apply_changed(changes):
    """The reference, applied to the small study as a row with some changes."""
    base = Config.fromfile(ROOT / MM3D_STUDY.presets['small'].config)
    reference = Config.fromfile(ROOT / REFERENCE)
    row = copy.deepcopy(reference)
    row.merge_from_dict(changes)
    return apply_row(base, row, reference)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('optim_wrapper.optimizer.lr', 1.0),
        ('train_cfg.max_iters', 7),
        ('randomness.seed', 7),
        ('model.roi_head.num_stages', 2),
        ('model.roi_head.bbox_head.loss_bbox.loss_weight', 1.0),
        ('model.rpn_head.num_proposals', 7),
        ('model.neck.num_outs', 5),
        ('model.neck.in_channels', [8, 16, 32, 64]),
        ('model.backbone.num_layers', [1, 1, 1, 1]),
        ('model.test_cfg.rcnn.max_per_img', 7),
        ('train_dataloader.batch_size', 7),
        ('train_dataloader.sampler.type', 'InfiniteSampler'),
        ('train_dataloader.dataset.classes', ['benign']),
        ('test_dataloader.dataset.split', 'train'),
        ('test_evaluator.split', 'train'),
    ],
)
def test_row_that_changes_something_else_is_refused(name, value):
    with pytest.raises(ValueError, match=f'the row changes {re.escape(name)}, which'):
        apply_changed({name: value})


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda steps: steps[-1].update(width=7), 'loading beyond num_slices'),
        (lambda steps: steps.pop(1), 'loading beyond num_slices'),
        (lambda steps: steps[0].update(num_slices=7), 'loading of some splits only'),
    ],
)
def test_loading_that_differs_otherwise_is_refused(change, message):
    steps = copy.deepcopy(Config.fromfile(ROOT / REFERENCE).train_dataloader.dataset.loading)
    change(steps)
    with pytest.raises(ValueError, match=message):
        apply_changed({'train_dataloader.dataset.loading': steps})


def test_rows_without_training_of_their_own_take_the_weights_of_the_ffdm():
    untrained = [row for row in ROWS.values() if not row.stages]
    assert {row.name for row in untrained} == {'mip_0', 'hm_0', 'buda_0', 'mm3d_0'}
    assert {row.tests[0].checkpoint for row in untrained} == {'{mnm_ffdm}'}
    starts = {row.name: row.stages[0].get('load_from') for row in ROWS.values() if row.stages}
    assert {name for name, start in starts.items() if start is None} == {
        'mnm_ffdm', 'mm3d_coco', *(f'mm3d_coco_{share}' for share in ('data10', 'data40', 'ann2', 'ann16'))
    }  # fmt: skip


def test_numbers_of_the_paper_are_those_of_its_tables():
    assert ROWS['mm3d'].paper[VOLUME] == {'R@0.25': 0.77, 'R@0.5': 0.82, AUC: 0.95}
    assert ROWS['mm3d'].paper[FLAT]['R@0.25'] == 0.80
    assert ROWS['mlp_regress_data10'].paper[VOLUME] == {'R@0.25': 0.41, AUC: 0.83}
