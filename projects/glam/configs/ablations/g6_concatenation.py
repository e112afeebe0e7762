# G.6, Model 1: joint training with concatenation, without fusion.
_base_ = '../glam_local.py'
model = dict(freeze_global=False, negative_selection=None, fusion=None)
train_cfg = dict(max_iters=5000)
load_from = 'work_dirs/glam_local/iter_20000.pth'
start_fresh = []
