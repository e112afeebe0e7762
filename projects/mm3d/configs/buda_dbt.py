# Tables 2 and 3, Buda: M&M learns on slices near the findings, reads all slices, and merges what it finds in them.
_base_ = '../../../configs/mm3d_dbt.py'
model = dict(type='SliceBySliceRCNN', min_iou=0.5, max_score_ratio=10.0)
train_pipeline = [
    dict(type='SampleSlice'),
    dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.5),
    dict(type='PackCaseInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
