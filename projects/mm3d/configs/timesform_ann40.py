# Table 10: TimeSform with boxes for 40 % of the malignant patients.
_base_ = './timesform.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.4)))
