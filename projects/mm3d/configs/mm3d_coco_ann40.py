# Fig. 6: M&M-3D from COCO weights with boxes for 40 % of the malignant patients.
_base_ = './mm3d_coco.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.4)))
