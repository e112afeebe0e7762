# Two blends of styles of CC and MLO of a breast: 128 breasts are 256 images, as in mvcl.py.
_base_ = './mvcl.py'
style = dict(type='RandomStyle', blend=True, bank=_base_.style_bank)
copies = dict(type='MakeCopies', transforms=[style, *_base_.augmentations], num_copies=2)
model = dict(scheme='msvcl_v2')
train_dataloader = dict(dataset=dict(pipeline=[copies, dict(type='PackCopies')]))
