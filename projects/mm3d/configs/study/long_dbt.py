# The small study with eight times the steps: what fusions from random weights need before they find anything.
_base_ = './small_dbt.py'
train_cfg = dict(max_iters=1600)
