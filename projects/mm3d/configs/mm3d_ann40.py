# Table 10: M&M-3D with boxes for 40 % of the malignant patients.
_base_ = '../../../configs/mm3d_dbt.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.4)))
