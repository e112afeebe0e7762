# Domain diversification on detection: each image as it is or shifted to another seen vendor, all as likely. The banks
# are three, see styles_plan.py. The matching half is fcos_dd_matching.py.
_base_ = ['../../../configs/fcos_mass.py', './_base_/shifted_styles.py']
train_dataloader = dict(dataset=dict(pipeline=[_base_._shift, *_base_.train_pipeline]))
