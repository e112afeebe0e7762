# G.4, 1 patch(es) of an image in training; 6 is table2_local.py.
_base_ = './table2_local.py'
model = dict(train_patches=1)
