# CAM, whose own pooling is that of all cells. Appendix F.
#   mammo search projects/glam/search/cam.py --out work/search_cam
_base_ = './base.py'
_config = 'projects/glam/configs/cam.py'
stages = [
    dict(name='training', config=_config),
    dict(
        name='validation',
        kind='test',
        config=_config,
        checkpoint='{training.best}',
        predictions='',
        cfg_options={'test_evaluator.1.outdir': '{folder}/maps'},
    ),
]
space = {'model.global_module.pool_fraction': [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 1.0]}
