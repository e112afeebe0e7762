# The study on two cores: M&M on the FFDM of the phantoms, the weights that all other rows start from.
_base_ = '../../../../configs/demo/mnm_ffdm.py'
loading = [*_base_.loading[:-1], dict(type='ResizeBreast', width=64, max_length=128)]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
