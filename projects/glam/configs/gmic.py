# GMIC (Shen et al. 2021): one map of 46 x 30, six patches of 256 pixels, ResNet-18, attention and fusion.
_base_ = './glam_global.py'
model = dict(
    global_module=dict(backbone=dict(out_indices=[4]), in_channels=[256], map_weights=[1.0], pool_fraction=0.02),
    train_patches=6,
    test_patches=6,
    patch_selection=dict(type='GreedyPatchSelection', patch_size=[256, 256], eps=1e-12, tie_tolerance=1e-6),
    local_module=dict(
        type='LocalModule',
        backbone=dict(type='ResNet', depth=18, out_indices=[3], norm_eval=False, zero_init_residual=False),
        in_channels=512,
        num_classes=None,
        image_channels=3,
        representation='mean',
    ),
    aggregation=dict(type='AttendedRepresentation', embed_dims=512, hidden_dims=128, num_classes=2),
    fusion=dict(type='FusionModule', in_channels=768, num_classes=2, bias=True),
    label_from='fusion',
)
