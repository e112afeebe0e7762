# Tables 8 and 9: MLP-Regress with 10 % of the patients.
_base_ = './mlp_regress.py'
train_dataloader = dict(dataset=dict(subset=dict(patient_fraction=0.1)))
