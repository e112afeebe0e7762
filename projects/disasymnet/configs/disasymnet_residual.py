# Pre-norm residual blocks, which the paper does not state.
_base_ = './disasymnet.py'
model = dict(asyc=dict(fusion=dict(residual=True)))
