# Mass matching that raises the scores of matched masses, which the paper names and gives no formula for; b = 0.5 is
# this project's. Detections are scored too: model.score_boost=0 gives those without, see the plan.
_base_ = './matching.py'
model = dict(score_boost=0.5)
test_evaluator = dict(
    _delete_=True,
    type='VolumeDetectionMetric',
    ann_file=_base_.test_evaluator.ann_file,
    split='test',
    modality='FFDM',
    protocols=['mm3d-2d', 'coco'],
    targets=['mass'],
)
