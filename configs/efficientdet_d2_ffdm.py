# EfficientDet-D2 on FFDM, image by image.
_base_ = './efficientdet_d0_ffdm.py'
model = dict(detector=dict(compound='d2', backbone=dict(model_name='tf_efficientnet_b2')))
