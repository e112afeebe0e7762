# G.3, ResNet-18-HR.
_base_ = './table2_local.py'
model = dict(local_module=dict(backbone=dict(depth=18)), label_from='local')
