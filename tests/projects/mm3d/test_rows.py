"""The rows of the M&M-3D paper: what each config changes, and that it learns and predicts on small breasts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import init_default_scope

from mammo_plugins.apis.stages.config_differences import config_differences
from mammo_plugins.apis.study.mm3d import MM3D_STUDY
from mammo_plugins.apis.study.page import claims_table, rows_table
from mammo_plugins.apis.study.results import CheckedClaim, RowNumber
from mammo_plugins.evaluation.functional import Estimate, PairedDifference
from tests.markdown_tables import read_tables
from tests.models.small_cases import SmallView, make_batch
from tests.models.small_models import HIDDEN, NUM_PROPOSALS, build, detector_config

ROOT = Path(__file__).parents[3]
ROWS = {path.stem: path for path in (ROOT / 'projects/mm3d/configs').glob('*.py')}
SLICES = 16
SHARES = ('data10', 'data40', 'ann2', 'ann16', 'ann40')
WITHOUT_SHARES = [name for name in ROWS if not name.endswith(SHARES)]


def load(name):
    return Config.fromfile(ROWS[name])


def base():
    return Config.fromfile(ROOT / 'configs/mm3d_dbt.py')


def test_every_row_of_the_tables_has_its_config():
    learned = ('mm3d', 'timesform', 'query_summary', 'mlp_regress', 'mm3d_coco')
    shares = {f'{name}_{share}' for name in learned for share in SHARES}
    whole = {
        'mip_dbt', 'hm_dbt', 'buda_dbt', 'buda_annotated_dbt', 'mm3d_annotated_dbt', 'mm3d_z8', 'mm3d_z32',
        'mm3d_mean', 'mm3d_max', 'unified_ffdm_dbt', 'mm3d_low_memory', 'mm3d_r50', 'mnm_ffdm_r50', *learned[1:],
    }  # fmt: skip
    assert set(ROWS) == shares | whole


@pytest.mark.parametrize('name', ROWS)
def test_readme_names_the_config(name):
    page = (ROOT / 'projects/mm3d/README.md').read_text()
    family, _, share = name.rpartition('_')
    is_share = share in SHARES
    assert f'`{name}.py' in page or is_share and (f'`{family}.py' in page or f'`{family}_{{data10,' in page)


def test_memory_table_is_what_the_benchmark_wrote():
    rows = json.loads((ROOT / 'projects/mm3d/results/memory.json').read_text())['rows']
    written = {str(row['slices']): f'{row["peak_gib"]:.1f}' for row in rows if row['variant'] == 'low memory'}
    tables = read_tables((ROOT / 'projects/mm3d/README.md').read_text())
    shown = next(table for table in tables if 'GiB' in table[0])
    assert {row['slices']: row['GiB'] for row in shown} == written
    assert all(float(written[slices]) <= limit for slices, limit in (('16', 16), ('32', 24), ('64', 40)))


def test_headline_configs_fit_a_common_gpu_and_their_page_says_so():
    rows = json.loads((ROOT / 'projects/mm3d/results/memory.json').read_text())['rows']
    written = {(row['variant'], row['slices']): row['peak_gib'] for row in rows}
    assert written['headline', 16] < 20 and written['ffdm', 1] < 20  # of 24 GB, with room for the allocator
    assert written['80 GB', 16] < 70
    page = (ROOT / 'docs/training.md').read_text()
    shown = {row['variant']: row['GiB'] for table in read_tables(page) if 'GiB' in table[0] for row in table}
    slices = {'ffdm': 1}
    assert shown == {name: f'{written[name, slices.get(name, 16)]:.1f}' for name in shown}
    assert set(shown) == {'headline', 'ffdm', 'low memory', '80 GB', 'plain'}


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


@pytest.mark.parametrize('preset', ['small', 'long'])
def test_study_tables_are_what_the_study_wrote(preset):
    written = json.loads((ROOT / f'projects/mm3d/results/study_{preset}.json').read_text())
    assert written['settings']['preset'] == preset and len(written['settings']['seeds']) >= 3
    study = MM3D_STUDY.select(list(written['rows']))
    row_of = {row.name: row for row in study.rows}
    numbers = {
        row: {
            protocol: {
                name: RowNumber(
                    Estimate(**number['mean']), number['by_seed'], row_of[row].paper_number(protocol, name)
                )
                for name, number in of_protocol.items()
            }
            for protocol, of_protocol in of_row.items()
        }
        for row, of_row in written['rows'].items()
    }  # fmt: skip
    claims = [
        CheckedClaim(claim, PairedDifference(**of_claim['difference']), of_claim['by_seed'], of_claim['paper'])
        for claim, of_claim in zip(study.claims, written['claims'], strict=True)
    ]
    assert [checked.as_dict() for checked in claims] == written['claims']
    for row, by_protocol in numbers.items():
        assert {p: {n: number.as_dict() for n, number in of.items()} for p, of in by_protocol.items()} == written[
            'rows'
        ][row]
    page = (ROOT / 'projects/mm3d/README.md').read_text()
    assert rows_table(study, study.tables[0], numbers) in page and claims_table(study, claims) in page


@pytest.mark.parametrize('name', ROWS)
def test_config_is_short(name):
    assert len(ROWS[name].read_text().splitlines()) <= 20


LOADING = {f'{split}_dataloader.dataset.loading' for split in ('train', 'val', 'test')}
FUSION = {'model.roi_head.bbox_head.slice_fusion'}
SINGLE_SLICES = {'model.type', 'model.min_iou', 'model.max_score_ratio', 'train_dataloader.dataset.pipeline'}
ANNOTATED = {'train_dataloader.dataset.filter_cfg'}
RESNET = {'model.backbone', 'model.neck.in_channels', 'load_from'}
CHANGES = {
    'mip_dbt': LOADING, 'hm_dbt': LOADING, 'mm3d_z8': LOADING, 'mm3d_z32': LOADING,
    'buda_dbt': SINGLE_SLICES, 'buda_annotated_dbt': SINGLE_SLICES | ANNOTATED, 'mm3d_annotated_dbt': ANNOTATED,
    'mm3d_mean': FUSION, 'mm3d_max': FUSION, 'timesform': FUSION, 'query_summary': FUSION, 'mlp_regress': FUSION,
    'mm3d': set(), 'mm3d_r50': RESNET, 'mm3d_coco': RESNET, 'mnm_ffdm_r50': RESNET - {'load_from'},
    'mm3d_low_memory': {'optim_wrapper.type', 'optim_wrapper.dtype'},
    'unified_ffdm_dbt': {'train_dataloader.batch_size', 'train_dataloader.dataset.ann_file',
                         'train_dataloader.dataset.modality'},
}  # fmt: skip
VARIABLES = {'loading', 'dataset', 'train_pipeline', 'slice_fusion', 'both', 'weights'}


KNOWN = set().union(*CHANGES.values())


def named(difference):
    """The name of CHANGES that a dotted name is part of, or itself."""
    return next((known for known in KNOWN if f'{difference}.'.startswith(f'{known}.')), difference)


@pytest.mark.parametrize('name', ROWS)
def test_nothing_but_the_row_changes(name):
    family, _, share = name.rpartition('_')
    expected = CHANGES[family if share in SHARES else name]
    if share in SHARES:
        expected = expected | {'train_dataloader.dataset.subset'}  # see test_share_is_that_of_the_name
    row = load(name)
    reference = base() if name != 'mnm_ffdm_r50' else Config.fromfile(ROOT / 'configs/mnm_ffdm.py')
    effective = [
        {key: value for key, value in cfg.to_dict().items() if key not in VARIABLES} for cfg in (row, reference)
    ]
    assert {named(difference) for difference in config_differences(*effective)} == expected
    for loader in (row.train_dataloader, row.val_dataloader, row.test_dataloader):
        assert loader.dataset.loading == row.train_dataloader.dataset.loading


def test_published_coco_weights_fit_but_for_the_classifier():
    """By the names and shapes of mmdet's own config, whose checkpoint tests cannot download."""
    init_default_scope('mmdet')
    published = get_config('mmdet::sparse_rcnn/sparse-rcnn_r50_fpn_1x_coco.py')
    with torch.device('meta'):
        theirs, ours = (MODELS.build(cfg.model).state_dict() for cfg in (published, load('mm3d_coco')))
    assert set(theirs) <= set(ours)
    other_shape = {name for name in theirs if theirs[name].shape != ours[name].shape}
    assert other_shape == {f'roi_head.bbox_head.{i}.fc_cls.{kind}' for i in range(6) for kind in ('weight', 'bias')}
    assert all('cross_view_attention' in name for name in ours.keys() - theirs.keys())


@pytest.mark.parametrize(
    ('name', 'slices'), [('mip_dbt', 1), ('hm_dbt', 1), ('mm3d_z8', 8), ('mm3d_z32', 32), ('buda_dbt', 16)]
)
def test_number_of_slices(name, slices):
    assert load(name).train_dataloader.dataset.loading[0].num_slices == slices


@pytest.mark.parametrize('name', [name for name in ROWS if name.endswith(SHARES)])
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


@pytest.mark.parametrize('name', [name for name in WITHOUT_SHARES if 'r50' not in name])  # small ones have no ResNet
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
    learning = {name: p.grad for name, p in detector.named_parameters() if p.requires_grad}
    assert all(grad is not None and grad.isfinite().all() for grad in learning.values())
    heads = {name: grad for name, grad in learning.items() if name.startswith(('rpn_head', 'roi_head'))}
    assert heads and [name for name, grad in heads.items() if not grad.any()] == []
    batch = make_batch(detector.eval(), [[SmallView(SLICES), SmallView(SLICES)]])
    with torch.no_grad():
        (case,) = detector.predict(batch['inputs'], batch['data_samples'])
    for view in case.views:
        found = view.pred_instances
        torch.testing.assert_close(found.slice_weights.sum(-1), torch.ones(len(found.scores)))
        assert len(found.scores) and 0 <= view.pred_malignancy <= 1
