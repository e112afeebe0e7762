# Table 3, Buda*: Buda without malignant breasts whose findings nobody marked.
_base_ = './buda_dbt.py'
train_dataloader = dict(dataset=dict(filter_cfg=dict(drop_unannotated=True)))
