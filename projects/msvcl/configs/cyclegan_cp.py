# Of domain diversification's shifts, CP: an image keeps what the identity's distance keeps; no way back is asked for.
_base_ = './cyclegan.py'
model = dict(use_cycle=False)
