# Stage III, the fused model: A and the head learn on the features of A and B, from the SM alone.
_base_ = './model_sm.py'
model = dict(
    images_together=True,
    detector=dict(
        _delete_=True,
        type='ModalityFusionDetector',
        stage='fuse',
        efficientdet={{_base_.efficientdet}},
    ),
)
load_from = 'work_dirs/mimic/iter_40000.pth'
