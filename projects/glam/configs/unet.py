# The upper bound of Table 1: a U-Net that learns from the masks of findings. Its maps alone are scored, as there.
_base_ = './glam_global.py'
model = dict(
    _delete_=True,
    type='MammogramSegmenter',
    data_preprocessor=_base_.model.data_preprocessor,
    network=dict(type='MonaiUNet', in_channels=1, out_channels=2, features=[32, 32, 64, 128, 256, 32]),
    label_names=['benign', 'malignant'],
    dice_weight=1.0,
    map_findings=_base_.model.map_findings,
)
train_dataloader = dict(batch_size=2, dataset=dict(masks=True))
val_evaluator = _base_.val_evaluator[1:]
test_evaluator = _base_.test_evaluator[1:]
optim_wrapper = dict(optimizer=dict(lr=1e-4))
