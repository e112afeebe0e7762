# A CycleGAN for every two vendors, and their generators in one folder: M vendors give M (M - 1) / 2 trainings and
# M (M - 1) generators. Name the vendors here, as the annotation file does.
#   mammo stages projects/msvcl/styles_plan.py --out work/styles
ann_file = 'data/ffdm.json'
vendors = dict(
    GE=['GE MEDICAL SYSTEMS'],
    UIH=['United Imaging Healthcare'],
    Hologic=['HOLOGIC, Inc.'],
)
names = list(vendors)
pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]


def _trainings(config, suffix=''):
    dataset = 'train_dataloader.dataset'
    return [
        dict(
            name=f'{one}-{other}{suffix}',
            config=f'projects/msvcl/configs/{config}.py',
            cfg_options={
                f'{dataset}.ann_file': ann_file,
                f'{dataset}.data_root': '',
                f'{dataset}.first': dict(style=one, manufacturers=vendors[one]),
                f'{dataset}.second': dict(style=other, manufacturers=vendors[other]),
            },
        )
        for one, other in pairs
    ]


def _bank(name, suffix=''):
    checkpoints = [f'{{{one}-{other}{suffix}}}' for one, other in pairs]
    return dict(
        name=name,
        kind='command',
        command=['styles', 'gather', '{folder}', *checkpoints],
        files=dict(styles='styles.json'),
    )


stages = [*_trainings('cyclegan'), _bank('bank')]
# The other two shifts of domain diversification (DD), which plan.py trains too.
shifts = [
    *_trainings('cyclegan_cp', '-CP'),
    _bank('bank_cp', '-CP'),
    *_trainings('cyclegan_r', '-R'),
    _bank('bank_r', '-R'),
]
