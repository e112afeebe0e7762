# The paper's outlook: one training run on FFDM (one slice) and DBT (16 slices), which share batches and weights.
_base_ = '../../../configs/mm3d_dbt.py'
both = dict(ann_file=['ffdm.json', 'dbt.json'], modality=['FFDM', 'DBT'])
train_dataloader = dict(batch_size=2, dataset=both)
