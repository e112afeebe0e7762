# The sides of a pair scaled to one height and laid at one height before anything else, which the paper does not do.
_base_ = './disasymnet.py'
align = [dict(type='AlignSides')]
train_dataloader = dict(dataset=dict(pipeline=[*align, *_base_.train_pipeline]))
val_dataloader = dict(dataset=dict(pipeline=[*align, *_base_.test_pipeline]))
test_dataloader = dict(dataset=dict(pipeline=[*align, *_base_.test_pipeline]))
