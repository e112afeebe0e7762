# The study on a GPU: M&M on the FFDM of larger phantoms; ResNet-50, since PVTv2 wants weights from ImageNet.
_base_ = '../../../../configs/demo/mnm_ffdm.py'
hidden_dim = 128
model = dict(
    backbone=dict(depth=50, base_channels=64),
    neck=dict(in_channels=[256, 512, 1024, 2048], out_channels=hidden_dim),
    rpn_head=dict(num_proposals=50, proposal_feature_channel=hidden_dim),
    roi_head=dict(
        num_stages=6,
        proposal_feature_channel=hidden_dim,
        bbox_roi_extractor=dict(roi_layer=dict(sampling_ratio=2), out_channels=hidden_dim),
        bbox_head=dict(
            in_channels=hidden_dim,
            feedforward_channels=1024,
            dynamic_conv_cfg=dict(in_channels=hidden_dim, feat_channels=32, out_channels=hidden_dim),
            cross_view_attention=dict(embed_dims=hidden_dim),
        ),
    ),
    test_cfg=dict(rcnn=dict(max_per_img=50)),
)
loading = [*_base_.loading[:-1], dict(type='ResizeBreast', width=256, max_length=512)]
dataset = dict(loading=loading, cache_in_memory=False)
workers = dict(num_workers=4, persistent_workers=True)
train_dataloader = dict(dataset=dataset, **workers)
val_dataloader = dict(dataset=dataset, **workers)
test_dataloader = dict(dataset=dataset, **workers)
train_cfg = dict(max_iters=6000)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
