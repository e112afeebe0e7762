# Table 2 on phantoms whose FFDM and SM show different findings, with 100, 40 and 10 % of the FFDM.
#   mammo study sm_ffdm_fusion --out study/sm_ffdm_fusion
# All SM images are there always; a share of the patients has FFDM too, from which C, and B and Base_UB as pairs, learn.
_configs = 'projects/sm_ffdm_fusion/configs'
_numbers = ['FAUC-1 (positive images)', 'FAUC-1']
# 100 pixels of a real FFDM are 7 mm, which 8 pixels of a phantom's are.
_hit = dict(hit_pixels_of='FFDM', hit_radius_px=8)
_shares = {'': 1.0, '_40': 0.4, '_10': 0.1}


def _reading(modality, test):
    images = dict(modality=modality, **(dict(split='validation') if test == 'val' else {}))
    return dict(name=test, target='center-hit', numbers=_numbers, test=test, images=images, **_hit)


_readings = {modality: [_reading(modality, test) for test in ('test', 'val')] for modality in ('SM', 'FFDM')}
_tests = [dict(), dict(name='val', split='validation')]


def _paper(test, test_plus, val, val_plus):
    return {
        reading: {'FAUC-1': all_images, 'FAUC-1 (positive images)': positive}
        for reading, all_images, positive in (('test', test, test_plus), ('val', val, val_plus))
    }


def _subset(share):
    return {'train_dataloader.dataset.subset': dict(patient_fraction=share)} if share < 1 else {}


def _start(suffix):
    return {
        'model.detector.sm.init_cfg.checkpoint': '{model_sm}',
        'model.detector.ffdm.init_cfg.checkpoint': '{model_ffdm' + suffix + '}',
    }


def _mimic(name, suffix='', share=1.0, config='mimic_from_ffdm', b_from='model_ffdm', options=None):
    """Stage II, B from C: there are no weights that all three start from, as they do from COCO's in the paper."""
    start = {'model.detector.mimic.init_cfg.checkpoint': f'{{{b_from}{suffix}}}'} if b_from else {}
    return dict(
        name=name,
        config=f'{_configs}/{config}.py',
        cfg_options={**start, **_start(suffix), **_subset(share), **(options or {})},
    )


def _row(name, title, modality, stages, paper=None, table='Table 2', tests=_tests):
    return dict(
        name=name, title=title, table=table, readings=_readings[modality], stages=stages, tests=tests, paper=paper or {}
    )


def _rows_of(suffix, share):
    """The models that see FFDM in training, of a share of the patients."""
    whole, of_share = not suffix, f', {share:.0%} of the FFDM' if suffix else ''
    table = 'Table 2' if whole else ''
    ffdm = dict(name=f'model_ffdm{suffix}', config=f'{_configs}/model_ffdm.py', cfg_options=_subset(share))
    upper = dict(
        name=f'base_ub{suffix}', config=f'{_configs}/base_ub.py', cfg_options={**_start(suffix), **_subset(share)}
    )
    fused = dict(name=f'fused{suffix}', config=f'{_configs}/fused.py', load_from=f'{{mimic{suffix}}}')
    return [
        _row(
            f'model_ffdm{suffix}',
            f'Model FFDM{of_share}',
            'FFDM',
            [ffdm],
            _paper((0.493, 0.476, 0.51), (0.54, 0.52, 0.557), (0.57, 0.54, 0.61), (0.587, 0.544, 0.63))
            if whole
            else None,
            table,
        ),
        _row(
            f'base_ub{suffix}',
            f'Base UB{of_share}',
            'SM',
            [upper],
            _paper((0.565, 0.562, 0.585), (0.59, 0.576, 0.606), (0.624, 0.61, 0.65), (0.662, 0.63, 0.703))
            if whole
            else None,
            table,
        ),
        _row(
            f'fused{suffix}',
            f'Fused{of_share}',
            'SM',
            [_mimic(f'mimic{suffix}', suffix, share), fused],
            _paper((0.538, 0.52, 0.56), (0.565, 0.55, 0.584), (0.615, 0.58, 0.66), (0.656, 0.617, 0.69))
            if whole
            else None,
            table,
        ),
    ]


def _other_mimic(name, title, **mimic):
    """The fused model with another stage II than the main row's."""
    fused = dict(name=f'fused_{name}', config=f'{_configs}/fused.py', load_from=f'{{mimic_{name}}}')
    return _row(f'fused_{name}', f'Fused, {title}', 'SM', [_mimic(f'mimic_{name}', **mimic), fused], None, 'stage II')


def _missing(name, title, **test):
    """The fused model without some of its features: a row of its own, whose weights are those of ``fused``."""
    tests = [
        dict(checkpoint='{fused}', **test),
        dict(name='val', split='validation', checkpoint='{fused}', **test),
    ]
    return _row(name, title, 'SM', [], None, 'missing modality', tests)


rows = [
    _row(
        'model_sm',
        'Model SM',
        'SM',
        [dict(name='model_sm', config=f'{_configs}/model_sm.py')],
        _paper((0.515, 0.497, 0.533), (0.523, 0.50, 0.54), (0.59, 0.55, 0.63), (0.617, 0.58, 0.65)),
    ),
    *[row for suffix, share in _shares.items() for row in _rows_of(suffix, share)],
    _missing('fused_a', 'Fused, A alone', cfg_options={'model.detector.parts': ['sm']}),
    _missing('fused_b', 'Fused, B alone', cfg_options={'model.detector.parts': ['mimic']}),
    _missing('fused_ac', 'Fused, C in place of B', config=f'{_configs}/fused_with_ffdm.py'),
    _row(
        'base_ub_frozen',
        'A beside the true C, which stays as it is',
        'SM',
        [
            dict(
                name='base_ub_frozen',
                config=f'{_configs}/base_ub.py',
                cfg_options={**_start(''), 'model.detector.trained': ['sm']},
            )
        ],
        table='what B lacks',
    ),
    _other_mimic('random', 'B from random numbers', config='mimic', b_from=None),
    _other_mimic('from_sm', 'B from A', config='mimic_from_sm', b_from='model_sm'),
    _other_mimic('lesion', 'lesion-weighted', options={'model.detector.lesion_weight': 50.0}),
    _other_mimic('pearson', 'correlation', options={'model.detector.loss_similarity.measure': 'pearson'}),
]
claims = [
    ('fused', 'model_sm', 'test', 'FAUC-1'),
    ('base_ub', 'fused', 'test', 'FAUC-1'),
    ('fused', 'model_ffdm', 'test', 'FAUC-1'),
    ('fused_40', 'model_sm', 'test', 'FAUC-1'),
    ('fused_10', 'model_sm', 'test', 'FAUC-1'),
    ('fused', 'fused_random', 'test', 'FAUC-1'),
    ('base_ub_frozen', 'fused', 'test', 'FAUC-1'),
]
# A network of 0.4 million weights in place of D0, for two cores.
_strides = [8, 16, 32]
_small = {
    'backbone.model_name': 'lcnet_050',
    'neck': dict(in_channels=(64, 128, 256), out_channels=32, num_cells=1, num_levels=len(_strides)),
    'bbox_head': dict(
        in_channels=32,
        num_convs=2,
        num_levels=len(_strides),
        loss_cls=dict(type='TwoGammaFocalLoss', gamma_positive=2.5, gamma_negative=2.5, alpha=0.9, loss_weight=1.0),
        anchor_generator=dict(
            type='AnchorGenerator',
            octave_base_scale=2,
            scales_per_octave=3,
            ratios=[1.0, 0.5, 2.0],
            strides=_strides,
            center_offset=0.5,
            scale_major=False,
        ),
    ),
}
_steps, _fine_steps = 800, 400
_grid = dict(type='ShareGrid', width=128, max_length=224)
_flip = dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.5)
_pack = dict(type='PackCaseInputs')
_pipelines = dict(train=[_grid, _flip, _pack], val=[_grid, _pack], test=[_grid, _pack])
_data = {
    f'{part}_dataloader.{name}': value
    for part, pipeline in _pipelines.items()
    for name, value in {
        'num_workers': 0,
        'persistent_workers': False,
        'dataset.pipeline': pipeline,
        'dataset.cache_in_memory': part == 'train',
    }.items()
}


def _schedule(rate, steps):
    return {
        'train_cfg.max_iters': steps,
        'optim_wrapper.optimizer.lr': rate,
        'param_scheduler': [
            dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
            dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=steps, eta_min_ratio=0.01),
        ],
    }


# What starts from trained models is trained more gently: at the rate of stage I it forgets them and overfits.
_fine = _schedule(1e-3, _fine_steps)


def _small_at(place):
    return {f'{place}.{name}': value for name, value in _small.items()}


presets = dict(
    small=dict(
        data=dict(cases=300, split=[0.6, 0.1, 0.3], size='224x144x16', preset='pairs'),
        options={
            '*': {
                **_data,
                'model.data_preprocessor.pad_size_divisor': 32,
                'train_cfg.val_interval': 100000,
                **_schedule(3e-3, _steps),
            },
            'model_*': _small_at('model.detector'),
            'mimic*': _small_at('model.detector.efficientdet'),
            'fused*': {**_small_at('model.detector.efficientdet'), **_fine},
            'base_ub*': {**_small_at('model.detector.efficientdet'), **_fine},
        },
    ),
)
