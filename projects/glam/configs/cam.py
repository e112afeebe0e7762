# CAM (Zhou et al. 2016) on the backbone of GLAM: one map, global average pooling (t = 100 %).
_base_ = './glam_global.py'
model = dict(
    global_module=dict(backbone=dict(out_indices=[4]), in_channels=[256], map_weights=[1.0], pool_fraction=1.0),
)
