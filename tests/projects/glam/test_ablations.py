"""Each ablation differs from the config that it is compared with by the fields of its row, and by nothing else."""

from __future__ import annotations

from math import log10

import pytest
from mmengine.config import Config

LOCAL = dict(map_from='local')
OWN_LABELS = dict(map_from='local', label_from='local')
THIRD = dict(global_module=dict(map_weights=[1 / 3] * 3))
CHANGES = {
    'table2_global': ('glam_local', dict(map_from='global')),
    'table2_local': ('glam_local', LOCAL),
    'table2_separate': ('glam_local', {}),
    'g1_map_0': ('glam_global', dict(global_module=dict(map_weights=[1.0, 0.0, 0.0]))),
    'g1_map_1': ('glam_global', dict(global_module=dict(map_weights=[0.0, 1.0, 0.0]))),
    'g1_map_2': ('glam_global', dict(global_module=dict(map_weights=[0.0, 0.0, 1.0]))),
    'g2_map_negatives': ('glam_local', dict(negative_selection=None, **LOCAL)),
    'g3_resnet34': ('glam_local', dict(local_module=dict(backbone=dict(strides=[1, 2, 2, 2])), **OWN_LABELS)),
    'g3_resnet18_hr': ('glam_local', dict(local_module=dict(backbone=dict(depth=18)), **OWN_LABELS)),
    'g3_resnet34_hr': ('glam_local', OWN_LABELS),
    'g4_train_patches_1': ('glam_local', dict(train_patches=1, **LOCAL)),
    'g4_train_patches_3': ('glam_local', dict(train_patches=3, **LOCAL)),
    'g5_test_patches_3': ('glam_local', dict(test_patches=3, **LOCAL)),
    'g6_attention': ('glam_joint', dict(fusion=None)),
    **{
        f'g7_pool_{t}': ('glam_local', dict(aggregation=dict(pool_fraction=t / 100), **LOCAL)) for t in (10, 15, 30, 60)
    },
    **{f'g9_global_share_{g}': ('glam_joint', dict(global_share=g / 10)) for g in (0, 1, 2, 3, 4, 6, 7)},
}
LAMBDAS = {'3_00': -3.0, '3_53': -3.53, '3_81': -3.81, '4_24': -4.24, '4_73': -4.73}


def read(repository, name):
    return Config.fromfile(repository / f'projects/glam/configs/{name}.py').to_dict()


@pytest.mark.parametrize('name', CHANGES)
def test_ablation_changes_the_fields_of_its_row_alone(name, repository):
    base, changes = CHANGES[name]
    expected = Config(read(repository, base))
    expected.merge_from_dict(dict(model=changes))
    found = read(repository, f'ablations/{name}')
    if name == 'g6_attention':  # there is no fusion module to start fresh
        expected.start_fresh = ['aggregation']
    assert found == expected.to_dict()


def test_concatenation_is_joint_training_without_attention_and_fusion(repository):
    expected = Config(read(repository, 'glam_joint'))
    expected.model.fusion = None
    expected.model.aggregation = read(repository, 'glam_local')['model']['aggregation']
    expected.start_fresh = []
    assert read(repository, 'ablations/g6_concatenation') == expected.to_dict()


@pytest.mark.parametrize('name', LAMBDAS)
def test_lambda_is_that_of_the_paper_and_maps_count_alike(name, repository):
    found = read(repository, f'ablations/g8_lambda_minus_{name}')
    weight = found['model']['loss_sparsity'].pop('loss_weight')
    assert log10(weight) == pytest.approx(LAMBDAS[name], abs=0.005)
    expected = Config(read(repository, 'glam_global'))
    expected.merge_from_dict(dict(model=THIRD))
    expected.model.loss_sparsity.pop('loss_weight')
    assert found == expected.to_dict()


def test_every_ablation_is_here(repository):
    files = {path.stem for path in (repository / 'projects/glam/configs/ablations').glob('*.py')}
    assert files == {*CHANGES, 'g6_concatenation', *(f'g8_lambda_minus_{name}' for name in LAMBDAS)}
