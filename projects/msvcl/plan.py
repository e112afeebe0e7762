# MSVCL v2 from an annotation file to Tables II to V: styles, pretrainings, four tasks from each, rivals, tests of all
# by vendor, and a page. Name annotation file and seen vendors in styles_plan.py, unseen ones here.
#   mammo stages projects/msvcl/plan.py --out work
# ImageNet's weights are torchvision's; matching learns on top of the FCOS of its row, which stays as it is.
_base_ = ['./styles_plan.py', './paper.py']
configs = 'projects/msvcl/configs'
unseen = ['SIEMENS', 'INbreast', 'DDSM']
bootstrap = 1000
_ann, _seen = _base_.ann_file, [maker for makers in _base_.vendors.values() for maker in makers]
_fcos = 'model.detector.backbone'


def _train_options(**changes):
    data = {'ann_file': _ann, 'data_root': '', 'filter_cfg.manufacturers': list(_seen)}
    return {**{f'train_dataloader.dataset.{name}': value for name, value in data.items()}, **changes}


def _task_options(**changes):
    parts = {}
    for part in ('val', 'test'):
        parts |= {f'{part}_dataloader.dataset.ann_file': _ann, f'{part}_dataloader.dataset.data_root': ''}
        parts[f'{part}_evaluator.ann_file'] = _ann
    return _train_options(**parts, **changes)


def _pretraining(name, config, **changes):
    stage = dict(name=f'pretrain_{name}', config=f'{configs}/{config}.py', cfg_options=_train_options(**changes))
    if config.startswith('ms') or config.endswith('_v2'):
        stage['cfg_options']['train_dataloader.dataset.pipeline.0.transforms.0.bank.folder'] = '{bank}'
        stage['needs'] = ['fill']
    return stage


def _start(place, pretraining):
    """Where a backbone starts: at random, from what the config names (ImageNet), or from a pretraining."""
    if pretraining == 'random':
        return {f'{place}.init_cfg': None}
    if pretraining == 'imagenet':
        return {}
    start = dict(type='Pretrained', checkpoint=f'{{pretrain_{pretraining}}}', prefix='backbone.', _delete_=True)
    return {f'{place}.init_cfg': start}


def _shift(rival):
    folders = dict(CP='{bank_cp}', R='{bank_r}', CPR='{bank}')
    return {'train_dataloader.dataset.pipeline.0.bank.folders': folders} if rival == 'dd' else {}


def _trainings(row, pretraining, rival=None):
    """The four tasks of a row."""
    suffix = f'_{rival}' if rival else ''
    detector = f'{configs}/fcos{suffix}.py' if rival else 'configs/fcos_mass.py'
    found = [
        dict(name=f'detection_{row}', config=detector, cfg_options=_task_options(**_start(_fcos, pretraining))),
        dict(
            name=f'match_{row}',
            config=f'{configs}/matching.py',
            load_from=f'{{detection_{row}}}',
            cfg_options=_task_options(),
        ),
        *(
            dict(
                name=f'{task}_{row}',
                config=f'{configs}/{task}{suffix}.py',
                cfg_options=_task_options(**_start('model.backbone', pretraining)),
            )
            for task in ('birads', 'density')
        ),
    ]
    for stage in found:
        if not stage['name'].startswith('match_'):
            stage['cfg_options'] |= _shift(rival)
    return found


def _tests(trainings):
    """A test of each, and its numbers by vendor with the means of seen and unseen ones."""
    means = [
        word
        for name, makers in (('seen', _seen), ('unseen', unseen))
        for word in ('--average', f'{name}=' + ','.join(f'"{maker}"' for maker in makers))
    ]
    by = ['--split', 'test', '--modality', 'FFDM', '--by', 'manufacturer', *means, '--bootstrap', str(bootstrap)]
    found = []
    for stage in trainings:
        name = stage['name']
        how = (
            ['--protocol', 'coco', '--protocol', 'mm3d-2d', '--targets', 'mass']
            if name.startswith('detection_')
            else []
        )
        found.append(dict(stage, name=f'test_{name}', kind='test', checkpoint=f'{{{name}}}'))
        found[-1].pop('load_from', None)
        found.append(
            dict(
                name=f'vendors_{name}',
                kind='command',
                command=['evaluate', f'{{test_{name}}}', '--ann', _ann, *by, *how, '--json', '{folder}/vendors.json'],
                files=dict(vendors='vendors.json'),
            )
        )
    return found


_scratch = {'model.backbone.init_cfg': None}
pretrainings = [
    _pretraining('simclr_scratch', 'simclr', **_scratch),
    *(_pretraining(name, name) for name in ('simclr', 'mscl', 'mvcl', 'msvcl', 'mscl_v2', 'mvcl_v2', 'msvcl_v2')),
]
_rows = {name: (name, None) for name in _base_._pretrained} | {name: ('simclr', name) for name in _base_._rivals}
tasks_of_rows = [stage for row, (start, rival) in _rows.items() for stage in _trainings(row, start, rival)]
_boost = dict(kind='test', config=f'{configs}/matching_boosted.py', checkpoint='{match_msvcl_v2}')
stages = [
    *_base_.stages,
    dict(
        name='fill',
        kind='command',
        command=[
            *('styles', 'fill', '{bank}', f'{configs}/mscl_v2.py', '--ann', _ann, '--known-only'),
            *('--strict', '--no-progress'),
        ],
    ),
    *pretrainings,
    *_base_.shifts,
    *tasks_of_rows,
    *_tests(tasks_of_rows),
    # What raising the scores of matched masses does to FROC: the same detections, without and with.
    dict(name='test_not_boosted', cfg_options=_task_options(**{'model.score_boost': 0.0}), **_boost),
    dict(name='test_boosted', cfg_options=_task_options(), **_boost),
    dict(
        name='boost',
        kind='command',
        command=[
            *('evaluate', '--compare', '{test_not_boosted}', '{test_boosted}', '--ann', _ann, '--split', 'test'),
            *('--modality', 'FFDM', '--protocol', 'mm3d-2d', '--protocol', 'coco', '--targets', 'mass'),
            *('--bootstrap', str(bootstrap), '--json', '{folder}/boost.json'),
        ],
        files=dict(numbers='boost.json'),
    ),
    dict(
        name='tables',
        kind='script',
        command=[
            *('projects/msvcl/tables.py', '{folder}', '--seen', *_seen, '--unseen', *unseen, '--numbers'),
            *(f'{row}/{task}={{vendors_{task}_{row}}}' for row in _rows for task in _base_._tasks),
        ],
        files=dict(page='tables.md', numbers='tables.json'),
    ),
]
