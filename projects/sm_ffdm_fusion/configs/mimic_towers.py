# The other reading of "remove the final predictor layers": h is what the towers give their last convolutions.
_base_ = './mimic.py'
model = dict(detector=dict(h_from='towers'))
