# Baseline ResNet-18: each image on its own, so that pairs get no label.
_base_ = './asyc.py'
model = dict(asyc=dict(fusion=dict(_delete_=True, type='SingleSides', in_channels=512)))
