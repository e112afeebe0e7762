# SM/FFDM fusion from paired data to Table 2: stages I to III, the upper bound, and a test of each.
#   mammo stages projects/sm_ffdm_fusion/plan.py --out work
configs = 'projects/sm_ffdm_fusion/configs'
stage_one = {
    'model.detector.sm.init_cfg.checkpoint': '{model_sm}',
    'model.detector.ffdm.init_cfg.checkpoint': '{model_ffdm}',
}
stages = [
    dict(name='model_sm', config=f'{configs}/model_sm.py'),
    dict(name='model_ffdm', config=f'{configs}/model_ffdm.py'),
    dict(name='mimic', config=f'{configs}/mimic.py', cfg_options=stage_one),
    dict(name='fused', config=f'{configs}/fused.py', load_from='{mimic}'),
    dict(name='base_ub', config=f'{configs}/base_ub.py', cfg_options=stage_one),
    # Table 2.
    dict(name='test_model_sm', kind='test', config=f'{configs}/model_sm.py', checkpoint='{model_sm}'),
    dict(name='test_model_ffdm', kind='test', config=f'{configs}/model_ffdm.py', checkpoint='{model_ffdm}'),
    dict(name='test_base_ub', kind='test', config=f'{configs}/base_ub.py', checkpoint='{base_ub}'),
    dict(name='test_fused', kind='test', config=f'{configs}/fused.py', checkpoint='{fused}'),
    # The fused model without some of its features: A alone, B alone, and C in B's place.
    dict(
        name='test_fused_sm',
        kind='test',
        config=f'{configs}/fused.py',
        checkpoint='{fused}',
        cfg_options={'model.detector.parts': ['sm']},
    ),
    dict(
        name='test_fused_mimic',
        kind='test',
        config=f'{configs}/fused.py',
        checkpoint='{fused}',
        cfg_options={'model.detector.parts': ['mimic']},
    ),
    dict(name='test_fused_with_ffdm', kind='test', config=f'{configs}/fused_with_ffdm.py', checkpoint='{fused}'),
]
