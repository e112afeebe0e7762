# Baseline Wang et al. (2022), as far as its abstract tells: attention to where the sides differ.
_base_ = './asyc.py'
model = dict(asyc=dict(fusion=dict(_delete_=True, type='AsymmetryAttention', in_channels=512)))
