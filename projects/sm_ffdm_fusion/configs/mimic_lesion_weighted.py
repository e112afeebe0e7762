# Beyond the paper: positions in findings count ten times more.
_base_ = './mimic.py'
model = dict(detector=dict(lesion_weight=9.0))
