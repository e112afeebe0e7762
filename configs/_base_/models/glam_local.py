# Step 3 of GLAM: ResNet-34-HR on six patches that a frozen global module chooses, or on random ones where no label is
# 1 (Liu et al. 2021, section 3.3, appendices A and C). One patch in prediction.
_base_ = './glam.py'
model = dict(
    freeze_global=True,
    train_patches=6,
    test_patches=1,
    patch_selection=dict(type='GreedyPatchSelection', patch_size=[512, 512], eps=1e-12, tie_tolerance=1e-6),
    negative_selection=dict(type='RandomPatchSelection', patch_size=[512, 512]),
    local_module=dict(
        type='LocalModule',
        backbone=dict(
            type='ResNet',
            depth=34,
            strides=[1, 1, 1, 1],
            out_indices=[3],
            norm_eval=False,
            zero_init_residual=False,
        ),
        in_channels=512,
        num_classes=2,
        image_channels=3,
        representation='mean',
        recompute=False,
    ),
    aggregation=dict(type='ConcatenatedPatches', pool_fraction=0.2),
    label_from='global',
    map_from='combined',
    global_share=0.5,
)
