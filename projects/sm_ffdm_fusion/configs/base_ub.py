# Base_UB: A and C end to end on pairs; what the fused model is measured by.
_base_ = './mimic.py'
model = dict(detector=dict(stage='upper_bound', loss_similarity=None))
