# Tables 2 and 3, HM: the projection with the grey values of an FFDM; tools/mean_histogram.py makes the reference.
_base_ = './mip_dbt.py'
loading = [*_base_.loading, dict(type='MatchHistogram', reference='data/ffdm_histogram.json')]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
