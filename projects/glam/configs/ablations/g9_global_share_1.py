# G.9, gamma_c = 0.1; of the weights of glam_joint.py, which has 0.5.
_base_ = '../glam_joint.py'
model = dict(global_share=0.1)
