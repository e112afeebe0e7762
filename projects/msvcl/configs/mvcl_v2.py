# CC and MLO of a breast, two copies of each in a blend of styles; other patients' other projection is pushed apart.
_base_ = './mvcl.py'
style = dict(type='RandomStyle', blend=True, bank=_base_.style_bank)
copies = dict(type='MakeCopies', transforms=[style, *_base_.augmentations], num_copies=2)
model = dict(scheme='mvcl_v2')
train_dataloader = dict(dataset=dict(pipeline=[copies, dict(type='PackCopies')]))
