# CC and MLO of a breast, each in a blend of styles; only the other projection of other patients is pushed apart.
_base_ = './mvcl.py'
style = dict(type='RandomStyle', blend=True, bank=_base_.style_bank)
copies = dict(type='MakeCopies', transforms=[style, *_base_.augmentations], num_copies=1)
model = dict(scheme='mvcl_v2')
train_dataloader = dict(dataset=dict(pipeline=[copies, dict(type='PackCopies')]))
