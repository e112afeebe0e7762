"""The rows of the M&M-3D paper: what each config changes, and that it learns and predicts on small breasts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mammo_plugins.apis.study.mm3d import MM3D_STUDY
from mammo_plugins.apis.study.rows import FLAT, VOLUME
from tests.markdown_tables import read_tables
from tests.models.small_cases import SmallView, make_batch
from tests.models.small_models import HIDDEN, NUM_PROPOSALS, build, detector_config

ROOT = Path(__file__).parents[3]
ROWS = {path.stem: path for path in (ROOT / 'projects/mm3d/configs').glob('*.py')}
SLICES = 16


def load(name):
    return Config.fromfile(ROWS[name])


def base():
    return Config.fromfile(ROOT / 'configs/mm3d_dbt.py')


def test_every_row_of_the_tables_has_its_config():
    learned = ('mm3d', 'timesform', 'query_summary', 'mlp_regress', 'mm3d_coco')
    shares = {f'{name}_{share}' for name in learned for share in ('data10', 'data40', 'ann2', 'ann16')}
    whole = {
        'mip_dbt', 'hm_dbt', 'buda_dbt', 'buda_annotated_dbt', 'mm3d_annotated_dbt', 'mm3d_z8', 'mm3d_z32',
        'mm3d_mean', 'mm3d_max', 'unified_ffdm_dbt', 'mm3d_low_memory', *learned[1:],
    }  # fmt: skip
    assert set(ROWS) == shares | whole


@pytest.mark.parametrize('name', ROWS)
def test_readme_names_the_config(name):
    page = (ROOT / 'projects/mm3d/README.md').read_text()
    family, _, share = name.rpartition('_')
    is_share = share in ('data10', 'data40', 'ann2', 'ann16')
    assert f'`{name}.py' in page or is_share and (f'`{family}.py' in page or f'`{family}_{{data10,' in page)


def test_memory_table_is_what_the_benchmark_wrote():
    rows = json.loads((ROOT / 'projects/mm3d/results/memory.json').read_text())['rows']
    written = {str(row['slices']): f'{row["peak_gib"]:.1f}' for row in rows if 'low_memory' in row['config']}
    tables = read_tables((ROOT / 'projects/mm3d/README.md').read_text())
    shown = next(table for table in tables if 'GiB' in table[0])
    assert {row['slices']: row['GiB'] for row in shown} == written


def test_speed_tables_are_what_the_benchmarks_wrote():
    tables = read_tables((ROOT / 'projects/mm3d/README.md').read_text())
    results = ROOT / 'projects/mm3d/results'
    for file, column, of_row in (
        ('head', 'loop as written', lambda row: f'{row["ratio"]:.1f}x'),
        ('inference', "heads / Buda's", lambda row: f'{row["heads_ratio"]:.2f}'),
        ('inference', "whole / Buda's", lambda row: f'{row["whole_ratio"]:.2f}'),
    ):
        shown = next(table for table in tables if column in table[0])
        written = json.loads((results / f'{file}.json').read_text())['rows']
        assert [row[column] for row in shown] == [of_row(row) for row in written]


def test_small_study_has_every_row():
    written = json.loads((ROOT / 'projects/mm3d/results/study_small.json').read_text())
    assert list(written['rows']) == [row.name for row in MM3D_STUDY.rows]


@pytest.mark.parametrize(('preset', 'position'), [('small', 0), ('long', 1)])
def test_study_tables_are_what_the_study_wrote(preset, position):
    written = json.loads((ROOT / f'projects/mm3d/results/study_{preset}.json').read_text())
    assert written['settings']['preset'] == preset and len(written['settings']['seeds']) >= 3
    tables = read_tables((ROOT / 'projects/mm3d/README.md').read_text())
    rows, claims = (
        [table for table in tables if column in table[0]][position] for column in ('paper R@0.25', 'each seed')
    )
    of_study = [row for row in MM3D_STUDY.rows if row.name in written['rows']]
    assert [row['row'] for row in rows] == [row.title.rstrip('*') for row in of_study]
    columns = {'R@0.25 (2-D)': (FLAT, 'R@0.25'), 'R@0.25 (3-D)': (VOLUME, 'R@0.25'), 'R@0.5 (3-D)': (VOLUME, 'R@0.5')}
    for shown, row in zip(rows, of_study):
        for column, (protocol, number) in columns.items():
            if protocol in row.protocols:
                mean = written['rows'][row.name][protocol][number]['mean']
                assert shown[column] == f'{mean["value"]:.2f} [{mean["low"]:.2f}, {mean["high"]:.2f}]'
            else:
                assert shown[column] == ''
    assert [row['difference'] for row in claims] == [f'{c["difference"]["difference"]:+.2f}' for c in written['claims']]
    assert [row['here'] for row in claims] == [claim['verdict'] for claim in written['claims']]


@pytest.mark.parametrize('name', ROWS)
def test_config_is_short(name):
    assert len(ROWS[name].read_text().splitlines()) <= 20


@pytest.mark.parametrize('name', ROWS)
def test_nothing_but_the_row_changes(name):
    row, reference = load(name), base()
    assert row.optim_wrapper.optimizer == reference.optim_wrapper.optimizer and row.train_cfg == reference.train_cfg
    assert row.test_evaluator == reference.test_evaluator
    assert (row.load_from == reference.load_from) == (not name.startswith('mm3d_coco'))
    for loader in (row.train_dataloader, row.val_dataloader, row.test_dataloader):
        assert loader.dataset.loading == row.train_dataloader.dataset.loading
    changed = row.model.roi_head.bbox_head.slice_fusion.type != reference.model.roi_head.bbox_head.slice_fusion.type
    assert changed == name.startswith(('timesform', 'query_summary', 'mlp_regress', 'mm3d_mean', 'mm3d_max'))


@pytest.mark.parametrize(
    ('name', 'slices'), [('mip_dbt', 1), ('hm_dbt', 1), ('mm3d_z8', 8), ('mm3d_z32', 32), ('buda_dbt', 16)]
)
def test_number_of_slices(name, slices):
    assert load(name).train_dataloader.dataset.loading[0].num_slices == slices


@pytest.mark.parametrize(
    'name', [name for name in ROWS if '_data' in name or '_ann' in name and 'annotated' not in name]
)
def test_share_is_that_of_the_name(name):
    kind, percent = ('patient_fraction', 'data') if '_data' in name else ('annotated_fraction', 'ann')
    share = int(name.rsplit(percent, 1)[1]) / 100
    assert load(name).train_dataloader.dataset.subset == {kind: share}
    assert 'subset' not in load(name).test_dataloader.dataset


@pytest.mark.parametrize('name', ['buda_annotated_dbt', 'mm3d_annotated_dbt'])
def test_starred_rows_leave_unannotated_breasts_out_of_training_only(name):
    row = load(name)
    assert row.train_dataloader.dataset.filter_cfg == dict(drop_unannotated=True)
    assert 'filter_cfg' not in row.test_dataloader.dataset


def small(name):
    """The row's detector at the size of tests."""
    row = load(name).model
    fusion = dict(row.roi_head.bbox_head.slice_fusion)
    fusion.update({key: value for key, value in dict(embed_dims=HIDDEN, num_proposals=NUM_PROPOSALS).items()
                   if key in fusion})  # fmt: skip
    fusion.update(dict(num_heads=2) if 'num_heads' in fusion else {})
    config = detector_config(recompute_stages=row.roi_head.get('recompute_stages', False))
    config.roi_head.bbox_head.slice_fusion = fusion
    config.update({key: row[key] for key in ('type', 'min_iou', 'max_score_ratio', 'slices_at_once') if key in row})
    return build(config)


@pytest.mark.parametrize(
    'name', [name for name in ROWS if '_data' not in name and not name.endswith(('ann2', 'ann16'))]
)
def test_row_takes_a_step_and_predicts(name):
    detector = small(name)
    detector.init_weights()
    learns_single_slices = name.startswith(('mip', 'hm', 'buda'))
    slices = 1 if learns_single_slices else SLICES
    views = [SmallView(slices, boxes=[[10, 12, 24, 30]], slices=[slices - 1]), SmallView(slices, malignant=1.0)]
    losses = detector.train()(**make_batch(detector, [views, [SmallView(slices)]]), mode='loss')
    total = sum(losses.values())
    total.backward()
    assert total.isfinite()
    missing = [
        n for n, p in detector.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.isfinite().all())
    ]
    assert missing == []
    batch = make_batch(detector.eval(), [[SmallView(SLICES), SmallView(SLICES)]])
    with torch.no_grad():
        (case,) = detector.predict(batch['inputs'], batch['data_samples'])
    for view in case.views:
        found = view.pred_instances
        torch.testing.assert_close(found.slice_weights.sum(-1), torch.ones(len(found.scores)))
        assert len(found.scores) and 0 <= view.pred_malignancy <= 1
