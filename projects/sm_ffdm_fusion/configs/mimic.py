# Stage II: B learns from pairs to give C's features from the SM. A and C start from stage I (plan.py says from where).
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    '../../../configs/_base_/models/efficientdet_fusion.py',
    '../../../configs/_base_/datasets/sm_ffdm_pairs.py',
    '../../../configs/_base_/schedules/adamw_1.5e-4_cosine.py',
]
stage_one = dict(type='Pretrained', prefix='detector.')
model = dict(
    images_together=True,
    detector=dict(
        type='ModalityFusionDetector',
        stage='mimic',
        efficientdet={{_base_.efficientdet}},
        sm=dict(init_cfg=dict(checkpoint='work_dirs/model_sm/iter_40000.pth', **stage_one)),
        ffdm=dict(init_cfg=dict(checkpoint='work_dirs/model_ffdm/iter_40000.pth', **stage_one)),
        loss_similarity=dict(type='FeatureSimilarityLoss', measure='cosine', eps=1e-8),
    ),
)
train_dataloader = dict(batch_size=8)
val_evaluator = dict(modality='SM', protocols=['center-hit'], hit_pixels_of='own')
test_evaluator = dict(modality='SM', protocols=['center-hit'], hit_pixels_of='own')
