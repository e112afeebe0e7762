# Two styles of each image. Another bank: train_dataloader.dataset.pipeline.0.transforms.0.bank.folder=FOLDER.
_base_ = './simclr.py'
style = dict(type='RandomStyle', blend=False, bank=_base_.style_bank)
copies = dict(type='MakeCopies', transforms=[style, *_base_.augmentations], num_copies=2)
model = dict(scheme='mscl')
train_dataloader = dict(dataset=dict(pipeline=[copies, dict(type='PackCopies')]))
