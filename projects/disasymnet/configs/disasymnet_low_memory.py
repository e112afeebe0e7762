# Equal losses and gradients in less memory: blocks and stages of the decoder are computed again in the backward pass.
_base_ = './disasymnet.py'
model = dict(asyc=dict(fusion=dict(recompute=True)), asyd=dict(recompute=True))
