# DisAsymNet: shared ResNet-18, 12 asymmetric blocks of 8 heads without residual or norm, U-Net decoder of two channels.
# Intensities stay in [0, 1], in which images are reconstructed.
model = dict(
    type='DisAsymNet',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.0, std=1.0, num_channels=3, pad_size_divisor=32),
    asyc=dict(
        type='AsymmetryClassifier',
        backbone=dict(
            type='mmpretrain.TIMMBackbone', model_name='resnet18', features_only=True, pretrained=True, in_channels=3
        ),
        fusion=dict(
            type='AsymmetricTransformer',
            in_channels=512,
            num_blocks=12,
            num_heads=8,
            residual=False,
            positional_encoding=None,
        ),
    ),
    asyd=dict(
        type='DisentanglingDecoder',
        in_channels=512,
        stage_channels=[64, 64, 128, 256, 512],
        channels=[256, 128, 64, 32, 16],
        skips=True,
    ),
    loss_weights=dict(diag=1.0, rec=0.1, disc=1.0, syn=0.5),
    refine=True,
)
