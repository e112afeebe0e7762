# The study on a GPU: M&M-3D on larger phantoms, with the slices of the paper.
_base_ = './large_ffdm.py'
study = dict(
    cases=1200,
    split=[0.6, 0.1, 0.3],
    size='512x384x64',
    phantoms={'finding.unannotated_share': 0.0},
    annotated_fraction=0.4,  # as in the paper; FFDM has all its boxes
    slice_divisor=1,
    ffdm_config='projects/mm3d/configs/study/large_ffdm.py',
)
loading = [dict(_base_.loading[0], num_slices=16), *_base_.loading[1:]]
dataset = dict(modality='DBT', loading=loading)
train_dataloader = dict(
    batch_size=4, dataset=dict(subset=dict(annotated_fraction=study['annotated_fraction']), **dataset)
)
val_dataloader = dict(batch_size=4, dataset=dataset)
test_dataloader = dict(batch_size=4, dataset=dataset)
val_evaluator = dict(modality='DBT')
test_evaluator = dict(modality='DBT')
train_cfg = dict(max_iters=4000)
optim_wrapper = dict(optimizer=dict(lr=5e-5))
