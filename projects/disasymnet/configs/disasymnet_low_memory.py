# Equal losses and gradients in less memory: blocks, stages of the decoder and the frozen copy are computed again in the
# backward pass.
_base_ = './disasymnet.py'
model = dict(recompute=True, asyc=dict(fusion=dict(recompute=True)), asyd=dict(recompute=True))
