# EISNet on BI-RADS of masses: a jigsaw, and the features of images of one class against those of others.
_base_ = './birads.py'
model = dict(
    auxiliary=[
        dict(type='JigsawTask', in_channels=2048, loss_weight=0.7),
        dict(type='MomentumTripletTask', in_channels=2048, label=_base_.model.targets[0], loss_weight=0.5),
    ]
)
