# Tables 8 and 9: M&M-3D with 40 % of the patients.
_base_ = '../../../configs/mm3d_dbt.py'
train_dataloader = dict(dataset=dict(subset=dict(patient_fraction=0.4)))
