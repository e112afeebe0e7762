# M&M small enough for two CPU cores: ResNet-18 of a quarter of its width, 3 heads, 12 proposals, 32 channels.
_base_ = './mnm.py'
hidden_dim = 32
model = dict(
    slices_at_once=None,
    data_preprocessor=dict(num_channels=1),
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        in_channels=1,
        base_channels=16,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        norm_cfg=dict(type='BN'),
        norm_eval=False,
    ),
    neck=dict(in_channels=[16, 32, 64, 128], out_channels=hidden_dim),
    rpn_head=dict(num_proposals=12, proposal_feature_channel=hidden_dim),
    roi_head=dict(
        num_stages=3,
        recompute_stages=False,
        proposal_feature_channel=hidden_dim,
        bbox_roi_extractor=dict(roi_layer=dict(sampling_ratio=1), out_channels=hidden_dim),
        bbox_head=dict(
            in_channels=hidden_dim,
            feedforward_channels=256,
            dynamic_conv_cfg=dict(in_channels=hidden_dim, feat_channels=16, out_channels=hidden_dim),
            cross_view_attention=dict(embed_dims=hidden_dim),
        ),
    ),
    test_cfg=dict(rcnn=dict(max_per_img=12)),
)
