# G.7, t = 60 % in the local module; 20 % is table2_local.py.
_base_ = './table2_local.py'
model = dict(aggregation=dict(pool_fraction=0.60))
