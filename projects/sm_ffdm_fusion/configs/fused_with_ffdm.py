# The fused model where an FFDM is there too: C takes B's place. For tests and predictions.
_base_ = './mimic.py'
model = dict(
    detector=dict(
        stage='fuse',
        prefer_ffdm=True,
        sm=dict(_delete_=True),
        ffdm=dict(_delete_=True),
        loss_similarity=None,
    )
)
test_dataloader = dict(dataset=dict(incomplete='keep-first'))  # an SM without FFDM is read with B
