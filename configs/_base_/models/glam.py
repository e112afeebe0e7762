# Step 1 of GLAM: the global module alone (Liu et al. 2021, appendix B). Lambda is the middle, on a logarithmic scale,
# of what appendix F searches (10^-5.5 to 10^-3.5).
model = dict(
    type='GlobalLocalClassifier',
    data_preprocessor=dict(type='PerImageDataPreprocessor', min_std=1e-5, num_channels=1, pad_size_divisor=64),
    label_names=['benign', 'malignant'],
    global_module=dict(
        type='GlobalModule',
        backbone=dict(
            type='ResNet22',
            channels=[16, 32, 64, 128, 256],
            strides=[1, 2, 2, 2, 2],
            blocks=2,
            out_indices=[2, 3, 4],
            recompute=False,
        ),
        in_channels=[64, 128, 256],
        num_classes=2,
        map_weights=[0.2, 0.6, 0.2],
        pool_fraction=0.03,
        pool_at='finest',
    ),
    map_cell=4,  # 736 x 480, also where maps are coarser: all are scored on one grid
    map_findings=dict(threshold=0.5, relative=True, score='peak', min_area_px=64, max_findings=100),
    loss_label=dict(type='LabelCrossEntropyLoss', eps=1e-6),
    loss_sparsity=dict(type='MapSparsityLoss', loss_weight=3.2e-5, reduction='sum'),
)
