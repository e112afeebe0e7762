# FFDM of the right and the left breast in one projection, each turned so that the chest wall is left.
_base_ = './ffdm.py'
pair = dict(group_by='bilateral', incomplete='drop')
train_dataloader = dict(dataset=pair)
val_dataloader = dict(dataset=pair)
test_dataloader = dict(dataset=pair)
