# The study on two cores: M&M-3D on the phantoms. The rows of the paper change in it what they change in its own config.
_base_ = '../../../../configs/demo/mm3d_dbt.py'
study = dict(
    cases=240,
    split=[0.6, 0.1, 0.3],
    phantoms={'finding.unannotated_share': 0.0},
    annotated_fraction=0.4,  # as in the paper; FFDM has all its boxes
    slice_divisor=2,  # 8 slices stand for the paper's 16
    ffdm_config='projects/mm3d/configs/study/small_ffdm.py',
)
loading = [*_base_.loading[:-1], dict(type='ResizeBreast', width=64, max_length=128)]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=study['annotated_fraction']), **dataset))
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
train_cfg = dict(max_iters=200)
