# Tomosynthesis: 16 slice bins a volume by max pooling. Differs from FFDM in the annotation file and the slices alone.
_base_ = './ffdm.py'
data_root = 'data/'
loading = [
    dict(type='LoadMammogram', num_slices=16),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=1100, max_length=2200),
]
dataset = dict(ann_file='dbt.json', modality='DBT', loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
val_evaluator = dict(ann_file=data_root + 'dbt.json', modality='DBT')
test_evaluator = dict(ann_file=data_root + 'dbt.json', modality='DBT')
