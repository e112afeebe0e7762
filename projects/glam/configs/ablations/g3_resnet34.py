# G.3, ResNet-34 as it is: its maps are 16 x 16 a patch.
_base_ = './table2_local.py'
model = dict(local_module=dict(backbone=dict(strides=[1, 2, 2, 2])), label_from='local')
