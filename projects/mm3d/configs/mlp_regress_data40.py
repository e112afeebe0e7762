# Tables 8 and 9: MLP-Regress with 40 % of the patients.
_base_ = './mlp_regress.py'
train_dataloader = dict(dataset=dict(subset=dict(patient_fraction=0.4)))
