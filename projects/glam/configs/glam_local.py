# Step 3: the local module on patches of the frozen global one (S_l; with S_g, S_c-sep). The released weights fit it.
_base_ = [
    '../../../configs/_base_/selected_runtime.py',
    '../../../configs/_base_/datasets/ffdm_window.py',
    '../../../configs/_base_/models/glam_local.py',
    '../../../configs/_base_/schedules/adam_1.8e-5.py',
]
train_cfg = dict(max_iters=20000)
load_from = 'work_dirs/glam_global/iter_50000.pth'
start_fresh = ['local_module']
