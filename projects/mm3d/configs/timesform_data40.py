# Tables 8 and 9: TimeSform with 40 % of the patients.
_base_ = './timesform.py'
train_dataloader = dict(dataset=dict(subset=dict(patient_fraction=0.4)))
