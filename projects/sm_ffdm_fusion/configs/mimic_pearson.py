# Beyond the paper: correlation of whole feature maps (PKD) in place of the cosine.
_base_ = './mimic.py'
model = dict(detector=dict(loss_similarity=dict(measure='pearson')))
