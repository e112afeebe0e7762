# CC and MLO of a breast, two copies of each in its own style: 128 breasts are 256 images.
_base_ = './simclr.py'
copies = dict(type='MakeCopies', transforms=_base_.augmentations, num_copies=2)
model = dict(scheme='mvcl')
train_dataloader = dict(
    batch_size=128,
    dataset=dict(group_by='breast', incomplete='drop', pipeline=[copies, dict(type='PackCopies')]),
)
auto_scale_lr = dict(base_batch_size=128)
