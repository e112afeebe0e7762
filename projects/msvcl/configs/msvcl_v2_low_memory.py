# msvcl_v2.py for one GPU of 24 GB, --amp or not: blocks of the backbone are computed again in the backward pass.
_base_ = './msvcl_v2.py'
model = dict(recompute=True)
