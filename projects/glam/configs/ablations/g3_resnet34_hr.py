# G.3, ResNet-34-HR, and the labels that the local module gives.
_base_ = './table2_local.py'
model = dict(label_from='local')
