# Table 10: MLP-Regress with boxes for 16 % of the malignant patients.
_base_ = './mlp_regress.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.16)))
