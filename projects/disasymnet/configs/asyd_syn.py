# Ablation AsyD & Syn: features of both sides side by side in place of the transformer.
_base_ = './disasymnet.py'
model = dict(
    asyc=dict(fusion=dict(_delete_=True, type='SideConcatenation', in_channels=512)), asyd=dict(in_channels=1024)
)
