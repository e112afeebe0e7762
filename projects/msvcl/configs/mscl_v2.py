# Two blends of styles of each image; images of the same projection of other patients are pushed apart.
_base_ = './simclr.py'
style = dict(type='RandomStyle', blend=True, bank=_base_.style_bank)
copies = dict(type='MakeCopies', transforms=[style, *_base_.augmentations], num_copies=2)
model = dict(scheme='mscl_v2')
train_dataloader = dict(dataset=dict(pipeline=[copies, dict(type='PackCopies')]))
