# SM/FFDM fusion from paired data to Table 2 and section 6: stages I to III, the upper bound, a test of each, and what
# the models find and miss of one another.
#   mammo stages projects/sm_ffdm_fusion/plan.py --out work
configs = 'projects/sm_ffdm_fusion/configs'
ann_file = 'data/sm_ffdm.json'
# Weights that A, B and C start from, such as 'checkpoints/efficientdet_d0.pth', see the README.
coco = None
stage_one = {
    'model.detector.sm.init_cfg.checkpoint': '{model_sm}',
    'model.detector.ffdm.init_cfg.checkpoint': '{model_ffdm}',
}
start_of_b = (
    {'model.detector.mimic.init_cfg': dict(type='Pretrained', checkpoint=coco, prefix='detector.')} if coco else {}
)
validation = {'test_dataloader.dataset.split': 'validation', 'test_evaluator.split': 'validation'}
stages = [
    dict(name='model_sm', config=f'{configs}/model_sm.py', load_from=coco),
    dict(name='model_ffdm', config=f'{configs}/model_ffdm.py', load_from=coco),
    dict(name='mimic', config=f'{configs}/mimic.py', cfg_options={**stage_one, **start_of_b}),
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
    # Sections 3 and 6: thresholds on the validation images, buckets and counts on the test images.
    *(
        dict(
            name=f'validate_{model}',
            kind='test',
            config=f'{configs}/{model}.py',
            checkpoint=f'{{{model}}}',
            cfg_options=validation,
        )
        for model in ('model_sm', 'model_ffdm', 'fused')
    ),
    dict(
        name='disagreements',
        kind='command',
        command=[
            *('disagreements', 'SM={test_model_sm}', 'FFDM={test_model_ffdm}', 'Fused={test_fused}'),
            *('--ann', ann_file, '--modality', 'SM=SM', 'FFDM=FFDM', 'Fused=SM'),
            *('--threshold-from', 'SM={validate_model_sm}', 'FFDM={validate_model_ffdm}', 'Fused={validate_fused}'),
            *('--html', '{folder}/disagreements.html', '--json', '{folder}/disagreements.json'),
        ],
        files=dict(page='disagreements.html', counts='disagreements.json'),
    ),
]
