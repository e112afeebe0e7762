# Synthetic mammograms alone, on the grid that pairs with FFDM have.
_base_ = './sm_ffdm_pairs.py'
dataset = dict(modality='SM', group_by='image')
train_dataloader = dict(batch_size=8, dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
val_evaluator = dict(modality='SM')
test_evaluator = dict(modality='SM')
