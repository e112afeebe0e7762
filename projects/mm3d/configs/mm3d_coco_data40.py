# Fig. 6: M&M-3D from COCO weights with 40 % of the patients.
_base_ = './mm3d_coco.py'
train_dataloader = dict(dataset=dict(subset=dict(patient_fraction=0.4)))
