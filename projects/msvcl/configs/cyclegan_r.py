# Of domain diversification's shifts, R: the way back alone.
_base_ = './cyclegan.py'
model = dict(identity_weight=0.0)
