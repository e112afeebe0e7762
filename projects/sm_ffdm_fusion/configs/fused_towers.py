# Stage III on the features of the towers.
_base_ = './fused.py'
model = dict(detector=dict(h_from='towers'))
