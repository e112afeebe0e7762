# Beyond the paper: B starts from A.
_base_ = './mimic.py'
model = dict(detector=dict(mimic=dict(init_cfg={{_base_.model.detector.sm.init_cfg}})))
