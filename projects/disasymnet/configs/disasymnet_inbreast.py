# The paper's 50 epochs on INbreast, about 15 steps each, with a tenth of the rate after every 20.
_base_ = './disasymnet.py'
decay = dict(type='MultiStepLR', by_epoch=False, milestones=[300, 600], gamma=0.1)
param_scheduler = dict(asyc=[decay], asyd=[decay])
train_cfg = dict(max_iters=750, val_interval=75)
