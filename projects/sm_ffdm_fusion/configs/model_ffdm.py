# Stage I, C, and the baseline Model_FFDM: EfficientDet on FFDM, on the same grid.
_base_ = './model_sm.py'
dataset = dict(modality='FFDM')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
val_evaluator = dict(modality='FFDM')
test_evaluator = dict(modality='FFDM')
