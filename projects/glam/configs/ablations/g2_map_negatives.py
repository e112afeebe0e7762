# G.2, negative patches chosen by the map too.
_base_ = '../glam_local.py'
model = dict(negative_selection=None, map_from='local')
