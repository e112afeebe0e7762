# EISNet on detection: a jigsaw, and the features of masses against those of background.
_base_ = '../../../configs/fcos_mass.py'
model = dict(
    auxiliary=[
        dict(type='JigsawTask', in_channels=2048, loss_weight=0.7),
        dict(type='MomentumTripletTask', in_channels=2048, loss_weight=0.5),
    ]
)
