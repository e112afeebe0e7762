# Tables II to V on phantom vendors: A, B, C are trained on, D, E, F only tested; some shares of the labels beside them.
#   mammo study msvcl --out study/msvcl
# ImageNet's weights cannot be had on every machine. Their place is taken by a stand-in, and named so: a classifier of
# malignancy that learnt with labels on other phantoms of one plain style.
_base_ = ['./paper.py', './configs/_base_/big_aug.py', './configs/_base_/shifted_styles.py']
_configs = 'projects/msvcl/configs'
_makers = {letter: f'Phantom Vendor {letter}' for letter in _base_._letters}
_means = dict(seen='ABC', unseen='DEF')
_seen = [_makers[letter] for letter in _means['seen']]
_titles = dict(detection='AP50 of masses', match='match', birads='BI-RADS', density='density')
_read = dict(
    detection=dict(reader='detections', target='coco', numbers=['AP50'], targets=['mass']),
    match=dict(reader='pairs', target='mass', numbers=['balanced_accuracy']),
    birads=dict(reader='labels', target='mass_birads', numbers=['accuracy']),
    density=dict(reader='labels', target='density', numbers=['accuracy']),
)


def _readings(tasks):
    """Each vendor, the means of seen and unseen ones, and the means of these over the tasks."""
    found = []
    for task in tasks:
        (number,) = _read[task]['numbers']
        for letter, maker in _makers.items():
            images = dict(modality='FFDM', where=dict(manufacturer=maker))
            found.append(dict(name=f'{task} {letter}', title=letter, test=task, images=images, **_read[task]))
        for mean, letters in _means.items():
            of = [(f'{task} {letter}', number) for letter in letters]
            found.append(dict(name=f'{task} {mean}', title=f'{_titles[task]}, {mean}', of=of, number=number))
    if len(tasks) > 1:
        for mean in _means:
            of = [(f'{task} {mean}', _read[task]['numbers'][0]) for task in tasks]
            found.append(dict(name=f'all {mean}', title=f'all tasks, {mean}', of=of, number='mean'))
    return found


def _paper(numbers, tasks):
    """The paper's numbers of a row as shares, for the readings of the row."""
    found = {}
    if 'detection' in tasks:
        for letter, value in zip(_base_._letters, numbers['ap']):
            found[f'detection {letter}'] = dict(AP50=value / 100)
    for mean in _means:
        for task, value in zip(_base_._tasks, numbers[mean]):
            if value is not None:
                found[f'{task} {mean}'] = {_read[task]['numbers'][0]: value / 100}
        if None not in numbers[mean]:
            found[f'all {mean}'] = dict(mean=sum(numbers[mean]) / len(numbers[mean]) / 100)
    return found


def _only_seen(**options):
    return {'train_dataloader.dataset.filter_cfg.manufacturers': list(_seen), **options}


def _backbone(place, start):
    if start == 'random':
        return {f'{place}.init_cfg': None}
    checkpoint = '{stand_in}' if start == 'imagenet' else f'{{pretrain_{start}}}'
    return {f'{place}.init_cfg': dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.', _delete_=True)}


def _task_stages(row, start, rival, share):
    """The tasks of a row: all, or detection where it has a share of the labels."""
    suffix, options = f'_{rival}' if rival else '', _only_seen()
    if share < 1:
        options['train_dataloader.dataset.subset'] = dict(patient_fraction=share)
    shift = dict(CP='{bank_cp}', R='{bank_r}', CPR='{bank}')
    shift = {'train_dataloader.dataset.pipeline.0.bank.folders': shift} if rival == 'dd' else {}
    detector = f'{_configs}/fcos{suffix}.py' if rival else 'configs/fcos_mass.py'
    stages = [
        dict(
            name=f'detection_{row}',
            config=detector,
            cfg_options={**options, **shift, **_backbone('model.detector.backbone', start)},
        )
    ]
    if share < 1:
        return stages
    stages.append(
        dict(
            name=f'match_{row}',
            config=f'{_configs}/matching.py',
            load_from=f'{{detection_{row}}}',
            cfg_options=dict(options),
        )
    )
    stages += [
        dict(
            name=f'{task}_{row}',
            config=f'{_configs}/{task}{suffix}.py',
            cfg_options={**options, **shift, **_backbone('model.backbone', start)},
        )
        for task in ('birads', 'density')
    ]
    return stages


def _row(name, title, table, start, rival=None, share=1.0, numbers=None):
    stages = _task_stages(name, start, rival, share)
    tasks = [task for task in _base_._tasks if any(stage['name'] == f'{task}_{name}' for stage in stages)]
    return dict(
        name=name,
        title=title,
        table=table,
        stages=stages,
        tests=[dict(name=task, checkpoint=f'{{{task}_{name}}}', data='test') for task in tasks],
        readings=_readings(tasks),
        paper=_paper(numbers, tasks) if numbers else {},
    )


def _pretraining(name):
    config = 'simclr' if name == 'simclr_scratch' else name
    place = {'model.backbone.init_cfg': None} if name == 'simclr_scratch' else _backbone('model.backbone', 'imagenet')
    stage = dict(name=f'pretrain_{name}', config=f'{_configs}/{config}.py', cfg_options=_only_seen(**place))
    if config.startswith('ms') or config.endswith('_v2'):
        stage['cfg_options']['train_dataloader.dataset.pipeline.0.transforms.0.bank.folder'] = '{bank}'
    return stage


_pairs = [('A', 'B'), ('A', 'C'), ('B', 'C')]


def _styles(suffix='', config='cyclegan'):
    """A training of each pair, and the bank of all."""
    dataset = 'train_dataloader.dataset'
    trainings = [
        dict(
            name=f'style{suffix}-{one}-{other}',
            config=f'{_configs}/{config}.py',
            cfg_options={
                f'{dataset}.first': dict(style=one, manufacturers=[_makers[one]], _delete_=True),
                f'{dataset}.second': dict(style=other, manufacturers=[_makers[other]], _delete_=True),
            },
        )
        for one, other in _pairs
    ]
    words = ['styles', 'gather', '{folder}', *(f'{{{stage["name"]}}}' for stage in trainings)]
    bank = dict(name=f'bank{suffix}', kind='command', command=words, files=dict(styles='styles.json'))
    return [*trainings, bank]


_starts = [name for name in _base_._pretrained if name not in ('random', 'imagenet')]
stages = [
    dict(
        name='stand_in',
        config=f'{_configs}/density.py',
        data='elsewhere',
        cfg_options={
            'model.backbone.init_cfg': None,
            'model.targets': [dict(name='malignant')],
            'train_dataloader.dataset.labels': ['malignant'],
            'train_dataloader.dataset.filter_cfg.known_labels': ['malignant'],
        },
    ),
    *_styles(),
    *_styles('_cp', 'cyclegan_cp'),
    *_styles('_r', 'cyclegan_r'),
    *(_pretraining(name) for name in _starts),
]
_here = dict(
    imagenet='Supervised, stand-in for ImageNet',
    simclr_scratch='SimCLR from random weights',
    simclr='SimCLR from the stand-in (baseline)',
)
_shares = {'10': 0.1, '50': 0.5}
rows = [
    *(
        _row(name, _here.get(name, row['title']), 'Tables II, III', name, numbers=row)
        for name, row in _base_._pretrained.items()
    ),
    *(_row(name, row['title'], 'Tables IV, V', 'simclr', name, numbers=row) for name, row in _base_._rivals.items()),
    *(
        _row(f'{name}_{text}', f'{_here.get(name, "MSVCL v2")}, {text} % of the labels', 'Fig. 6', name, share=share)
        for name in ('simclr', 'msvcl_v2')
        for text, share in _shares.items()
    ),
]
_by_vendor = [f'detection {one}' for one in (*'ABC', 'seen', *'DEF', 'unseen')]
_by_task = [f'{task} {mean}' for mean in _means for task in (*_base_._tasks, 'all')]
tables = [
    *(
        dict(
            title=title,
            rows=list(table['rows']),
            readings=list(_by_vendor if table['by'] == 'vendor' else _by_task),
        )
        for title, table in _base_._tables.items()
    ),
    dict(
        title='Fig. 6',
        rows=[f'{name}{share}' for name in ('simclr', 'msvcl_v2') for share in ('_10', '_50', '')],
        readings=['detection seen', 'detection unseen'],
    ),
]
number_titles = dict(AP50='AP50', balanced_accuracy='accuracy of pairs', accuracy='accuracy', mean='mean')
digits = 3
# What the paper says of unseen vendors, for the mean of all tasks and for detection.
_order = [
    ('simclr_scratch', 'random'),
    ('msvcl', 'simclr'),
    ('msvcl_v2', 'msvcl'),
    ('msvcl_v2', 'mscl_v2'),
    ('msvcl_v2', 'mvcl_v2'),
    *(('msvcl_v2', rival) for rival in _base_._rivals),
]
claims = [
    *((better, worse, 'all unseen', 'mean') for better, worse in _order),
    *((better, worse, 'detection unseen', 'AP50') for better, worse in _order),
    ('msvcl_v2_10', 'simclr_10', 'detection unseen', 'AP50'),
    ('msvcl_v2_50', 'simclr_50', 'detection unseen', 'AP50'),
]
# Networks of 0.7 million weights in place of ResNet-50, phantoms of 1.4 mm pixels, for two cores.
_parts = ('train', 'val', 'test')
_resnet = {'depth': 18, 'base_channels': 16}
_channels = [16, 32, 64, 128]
_whole = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=96, max_length=160),
]
_flip, _pack = dict(type='RandomFlipViews'), dict(type='PackCaseInputs')
_scale = dict(type='RandomShiftScale', shift=0.0, scale=(0.8, 1.25))
_landmarks = dict(type='LocateLandmarks', sources=['estimated'], pixel_mm=1.4)  # as on images that nobody annotated


def _loaders(parts=_parts, **options):
    common = {'num_workers': 0, 'persistent_workers': False, 'dataset.cache_in_memory': True}
    return {f'{part}_dataloader.{key}': value for part in parts for key, value in {**common, **options}.items()}


def _steps(count, rate, warmup):
    return {
        'train_cfg.max_iters': count,
        'train_cfg.val_interval': 10**6,
        'default_hooks.checkpoint.interval': 10**6,
        'optim_wrapper.optimizer.lr': rate,
        'param_scheduler': [
            dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=warmup),
            dict(type='CosineAnnealingLR', by_epoch=False, begin=warmup, end=count, eta_min_ratio=0.01),
        ],
    }


def _pipelines(test, train):
    return {
        'train_dataloader.dataset.pipeline': train,
        **{f'{part}_dataloader.dataset.pipeline': test for part in ('val', 'test')},
    }


_crop = 'train_dataloader.dataset.pipeline.0.transforms'


def _style(steps):
    """A pair of generators."""
    return {
        'model.generator': dict(width=8, blocks=2),
        'model.discriminator': dict(width=8, num_layers=3),
        f'{_crop}.0.size': 64,
        'train_dataloader.dataset.loading': _whole,
        **_loaders(['train']),
        'train_cfg.max_iters': steps,
        'optim_wrapper.generators.optimizer.lr': 5e-4,
        'optim_wrapper.discriminators.optimizer.lr': 5e-4,
        'param_scheduler.0.begin': steps // 2 - 1,
        'param_scheduler.0.end': steps + 1,
        'default_hooks.checkpoint.interval': 10**6,
    }


def _contrastive(steps):
    """Pretraining by any of the schemes."""
    return {
        **{f'model.backbone.{name}': value for name, value in _resnet.items()},
        'model.neck.in_channels': 128,
        'model.neck.hid_channels': 128,
        'model.neck.out_channels': 64,
        'train_dataloader.dataset.loading': _whole,
        **_loaders(['train']),
        **_steps(steps, 0.3, max(1, steps // 10)),
    }


def _detector():
    """FCOS, whatever it starts from."""
    return {
        **{f'model.detector.backbone.{name}': value for name, value in _resnet.items()},
        'model.detector.neck.in_channels': _channels,
        'model.detector.neck.out_channels': 32,
        'model.detector.bbox_head.in_channels': 32,
        'model.detector.bbox_head.feat_channels': 32,
        'model.detector.bbox_head.stacked_convs': 2,
        'model.detector.bbox_head.norm_cfg': dict(type='GN', num_groups=8, requires_grad=True),
        'default_hooks.checkpoint.save_best': None,
        **_loaders(**{'dataset.loading': _whole}),
    }


def _classifier(steps):
    """BI-RADS or density."""
    return {
        **{f'model.backbone.{name}': value for name, value in _resnet.items()},
        'model.backbone.stem_channels': 16,
        'model.in_channels': 128,
        'train_dataloader.batch_size': 16,
        'test_dataloader.batch_size': 16,
        **_loaders(),
        **_steps(steps, 0.02, max(1, steps // 10)),
        'default_hooks.checkpoint.save_best': None,
        'test_evaluator.bootstrap': 0,
    }


# Lengths of BigAug in pixels, for images 96 pixels wide in place of about 300.
_shrunk = dict(
    RandomBlur=dict(sigma=(0.1, 0.5)),
    RandomSharpen=dict(sigma=(0.1, 0.5)),
    RandomElastic=dict(shift=3.0, sigma=9.0),
)


def _presets(styles, pretraining, detection, match, labels):
    """Options by pattern, for numbers of steps."""
    detector, classifier = _detector(), _classifier(labels)
    eisnet = {f'model.auxiliary.{number}.in_channels': 128 for number in (0, 1)}
    big_aug = [dict(step, **_shrunk.get(step['type'], {})) for step in _base_._big_aug]
    crop = dict(type='CropFinding', size=64, margin=0.2)
    by_image, by_breast = {'train_dataloader.batch_size': 32}, {'train_dataloader.batch_size': 16}
    size_at = {number: {f'{_crop}.{number}.size': 64} for number in (1, 2)}
    test = [_pack]
    return {
        'style*': _style(styles),
        'pretrain_*': _contrastive(pretraining),
        'pretrain_simclr*': {**by_image, **size_at[1]},
        'pretrain_mscl*': {**by_image, **size_at[2]},
        'pretrain_mvcl': {**by_breast, **size_at[1]},
        'pretrain_mvcl_v2': {**by_breast, **size_at[2]},
        'pretrain_msvcl*': {**by_breast, **size_at[2]},
        'fcos*': {**detector, **_steps(detection, 0.01, max(1, detection // 10)), 'test_dataloader.batch_size': 8,
                  'test_evaluator.bootstrap': 0},
        'fcos_mass': _pipelines(test, [_flip, _scale, _pack]),
        'fcos_big_aug': _pipelines(test, [_flip, *big_aug, _pack]),
        'fcos_dd': _pipelines(test, [_base_._shift, _flip, _scale, _pack]),
        'fcos_eisnet': {**_pipelines(test, [_flip, _scale, _pack]), **eisnet, 'model.auxiliary.1.background_size': 16},
        'matching': {
            **detector,
            'model.matching_head.in_channels': 32,
            'model.matching_head.hidden_channels': 64,
            'model.matching_head.embed_dims': 16,
            'model.matching_head.roi_extractor.out_channels': 32,
            **_pipelines([_landmarks, _pack], [_landmarks, _flip, _pack]),
            **{key: value for key, value in _steps(match, 0, max(1, match // 10)).items() if 'lr' not in key},
            'optim_wrapper.optimizer': dict(type='AdamW', lr=1e-3, weight_decay=1e-4, _delete_=True),
        },
        'density*': {
            **classifier,
            **{f'{part}_dataloader.dataset.loading.2.size': 96 for part in _parts},
        },
        'birads*': classifier,
        'birads': _sizes_of_crops(0),
        'birads_big_aug': _pipelines([crop, _pack], [crop, _flip, *big_aug, _pack]),
        'density_big_aug': _pipelines(test, [_flip, *big_aug, _pack]),
        'birads_eisnet': {**_sizes_of_crops(0), **eisnet},
        'birads_dd': _sizes_of_crops(1),
        'density_eisnet': eisnet,
        'stand_in': {f'{part}_dataloader.dataset.labels': ['malignant'] for part in _parts},
    }  # fmt: skip


def _sizes_of_crops(place):
    """``place`` is that of the crop while training: behind DD's shift where there is one."""
    sizes = {f'{part}_dataloader.dataset.pipeline.0.size': 64 for part in ('val', 'test')}
    return {**sizes, f'train_dataloader.dataset.pipeline.{place}.size': 64}


def _data(train, test, elsewhere, size):
    return dict(
        seen=dict(cases=train, split=[0.9, 0.1, 0.0], size=size, preset='vendors', phantoms={'vendors': 'ABC'}),
        test=dict(cases=test, split=[0.0, 0.0, 1.0], size=size, preset='vendors', phantoms={'every_vendor': True}),
        elsewhere=dict(cases=elsewhere, split=[0.75, 0.25, 0.0], size=size, preset='demo', phantoms={'vendors': 'A'}),
    )


presets = dict(
    small=dict(
        data=_data(100, 24, 60, '160x112x6'),
        options=_presets(styles=600, pretraining=400, detection=600, match=200, labels=300),
    ),
    tiny=dict(
        data=_data(9, 4, 4, '96x64x4'),
        options=_presets(styles=2, pretraining=2, detection=2, match=2, labels=2),
    ),
)
