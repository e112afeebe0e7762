# G.6, Model 2: joint training with attention, without fusion.
_base_ = '../glam_joint.py'
model = dict(fusion=None)
start_fresh = ['aggregation']
