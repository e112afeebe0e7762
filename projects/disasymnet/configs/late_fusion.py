# Baseline late fusion: pooled features of both sides side by side.
_base_ = './asyc.py'
model = dict(asyc=dict(fusion=dict(_delete_=True, type='SideConcatenation', in_channels=512, own_map=True)))
