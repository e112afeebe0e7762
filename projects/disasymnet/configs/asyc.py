# Ablation AsyC: the classifier alone.
_base_ = './asyc_asyd.py'
model = dict(asyd=None)
test_evaluator = _base_.test_evaluator[:2]
optim_wrapper = dict(_delete_=True, constructor='ModuleOptimConstructor', asyc=_base_.adam)
param_scheduler = dict(_delete_=True, asyc=[_base_.decay])
