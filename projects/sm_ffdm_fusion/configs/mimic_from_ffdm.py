# Beyond the paper: B starts from C.
_base_ = './mimic.py'
model = dict(detector=dict(mimic=dict(init_cfg={{_base_.model.detector.ffdm.init_cfg}})))
