# Step 4: both modules learn with attention and fusion (S_c-joint).
_base_ = './glam_local.py'
model = dict(
    freeze_global=False,
    negative_selection=None,
    aggregation=dict(_delete_=True, type='AttendedPatches', embed_dims=512, hidden_dims=128, pool_fraction=0.2),
    fusion=dict(type='FusionModule', in_channels=768, num_classes=2, bias=False),
)
train_cfg = dict(max_iters=5000)
load_from = 'work_dirs/glam_local/iter_20000.pth'
start_fresh = ['aggregation', 'fusion']
