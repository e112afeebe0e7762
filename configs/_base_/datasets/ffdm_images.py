# FFDM, one image at a time.
_base_ = './ffdm.py'
dataset = dict(group_by='image')
train_dataloader = dict(batch_size=2, dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
