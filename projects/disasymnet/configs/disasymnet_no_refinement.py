# Without the second objective.
_base_ = './disasymnet.py'
model = dict(refine=False)
