# Baseline CVT: each side attends to the other one between the last two stages of the encoder, then late fusion.
_base_ = './late_fusion.py'
model = dict(
    asyc=dict(
        backbone=dict(
            _delete_=True,
            type='CrossViewBackbone',
            backbone=_base_.model.asyc.backbone,
            num_heads=12,
            head_channels=32,
            dropout=0.5,
        )
    )
)
