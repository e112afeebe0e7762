# Table 10: MLP-Regress with boxes for 40 % of the malignant patients.
_base_ = './mlp_regress.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.4)))
