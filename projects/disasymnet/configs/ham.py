# Baseline HAM: foreground attention, log-sum-exp pooling, and two classifiers whose maps lie in each other; each image
# on its own, so that pairs get no label.
_base_ = './asyc.py'
model = dict(
    asyc=dict(
        type='HierarchicalAttentionClassifier',
        pooling=dict(type='LogSumExpPooling', sharpness=6.0),
        fusion=dict(_delete_=True, type='ForegroundAttention', in_channels=512, out_channels=512),
    )
)
