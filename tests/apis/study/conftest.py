"""Studies of toys, each declared in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

CONFIG = f"""
_base_ = ['{ROOT}/configs/_base_/default_runtime.py', '{ROOT}/configs/_base_/datasets/ffdm_images.py']
custom_imports = dict(
    imports=['mammo_plugins.registration', 'tests.study_toys', 'tests.toy_models'], allow_failed_imports=False
)
model = dict(
    type='StudyToyNet',
    data_preprocessor=dict(type='CaseDataPreprocessor', num_channels=1),
    labels=['malignant', 'benign'],
)
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=32, max_length=64),
]
loader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(loading=loading, labels=['malignant', 'benign'])
)
train_dataloader = dict(batch_size=4, **loader)
val_dataloader = loader
test_dataloader = loader
_metric = dict(_delete_=True, ann_file='', modality='FFDM')
val_evaluator = dict(type='LabelMetric', split='validation', **_metric)
test_evaluator = dict(type='LabelMetric', split='test', **_metric)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=6, val_interval=100)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=9.0))
default_hooks = dict(checkpoint=dict(interval=2))
log_level = 'ERROR'
vis_backends = []
visualizer = dict(vis_backends=vis_backends)
"""

MAPS = """
_base_ = './classifier.py'
model = dict(predicts=['labels', 'maps'])
val_evaluator = [_base_.val_evaluator, dict(type='SaliencyMetric', ann_file='', outdir='maps', split='validation')]
test_evaluator = [
    _base_.test_evaluator, dict(type='SaliencyMetric', ann_file='', outdir='maps', split='test', modality='FFDM')
]
"""

CLASSIFIERS = """
_config = '{folder}/classifier.py'
_images = dict(modality='FFDM')
readings = [
    dict(
        name='test', target='malignant', numbers=['auc', 'accuracy'], reader='labels', title='held out',
        images=_images,
    ),
    dict(
        name='seen', target='malignant', numbers=['accuracy'], reader='labels',
        images=dict(modality='FFDM', where=dict(manufacturer=['Phantom Vendor A', 'Phantom Vendor B'])),
    ),
    dict(
        name='unseen', target='malignant', numbers=['accuracy'], reader='labels',
        images=dict(modality='FFDM', where=dict(manufacturer='Phantom Vendor C')),
    ),
    dict(name='vendors', of=[('seen', 'accuracy'), ('unseen', 'accuracy')], number='accuracy', title='mean of vendors'),
]
stages = [dict(name='pretraining', config=_config, cfg_options={{'train_cfg.max_iters': 2}})]
rows = [
    dict(
        name='plain', title='Plain', table='Table 1', stages=[dict(name='plain', config=_config)],
        paper=dict(test=dict(auc=(0.7, 0.6, 0.8), accuracy=0.65)),
    ),
    dict(
        name='tuned', title='Pretrained', table='Table 1',
        stages=[
            dict(name='warm', config=_config, load_from='{{pretraining}}', cfg_options={{'train_cfg.max_iters': 2}}),
            dict(name='tuned', config=_config, load_from='{{warm}}'),
        ],
        paper=dict(test=dict(auc=dict(value=0.82, spread=0.05))),
    ),
    dict(
        name='tuned_half', title='Pretrained, half of the data', table='Fig. 2', readings=['test'],
        stages=[
            dict(
                name='tuned_half', config=_config, load_from='{{warm}}',
                cfg_options={{'train_dataloader.dataset.subset.patient_fraction': 0.5}},
            )
        ],
    ),
]
claims = [('tuned', 'plain', 'test', 'auc'), ('tuned', 'plain', 'vendors', 'accuracy', 0.03)]
number_titles = dict(auc='AUC')
digits = 3
presets = dict(
    tiny=dict(
        data=dict(cases=9, split=[0.45, 0.22, 0.33], size='96x64x12', phantoms={{'vendors': 'ABC'}}),
        options={{
            'tuned': {{'custom_hooks': [dict(type='IterationSeedHook'), dict(type='KillOnce', step=5, note='{note}')]}},
            'class*': {{'optim_wrapper.optimizer.lr': 0.5}},
            'war?': {{'optim_wrapper.optimizer.lr': {lr}}},
        }},
    )
)
"""

SEGMENTERS = """
_config = '{folder}/maps.py'
_maps = [
    dict(
        name=f'{{where}} {{kind}} maps', target=kind, numbers=['dice', 'pxap_image', 'pxap_dataset'], reader='saliency',
        title=f'{{kind}}, {{where}}', test=where, threshold=0.4, images=dict(modality='FFDM'),
    )
    for where in ('seen', 'unseen') for kind in ('malignant', 'benign')
]
_labels = [
    dict(
        name=where, target='view/malignant', numbers=['auc'], reader='labels', test=where,
        images=dict(modality='FFDM'),
    )
    for where in ('seen', 'unseen')
]
rows = [
    dict(
        name=name, title=title, table='Table 1',
        stages=[dict(name=name, config=_config, cfg_options={{'optim_wrapper.optimizer.lr': lr}})],
        tests=[dict(name='seen'), dict(name='unseen', data='unseen')],
        readings=[*_maps, *_labels],
        paper={{'seen malignant maps': dict(dice=dict(value=dice, spread=0.25))}},
    )
    for name, title, lr, dice in (('glow', 'Glow', 0.5, 0.39), ('dim', 'Dim', 0.01, 0.25))
]
claims = [('glow', 'dim', 'seen malignant maps', 'pxap_dataset'), ('glow', 'dim', 'unseen malignant maps', 'dice')]
tables = [
    dict(title='Maps', readings=[one['name'] for one in _maps]),
    dict(title='Labels', rows=['glow'], readings=['seen', 'unseen']),
]
presets = dict(
    tiny=dict(
        data=dict(
            seen=dict(cases=5, split=[0.4, 0.2, 0.4], size='96x64x12', phantoms={{'vendors': 'A'}}),
            unseen=dict(cases=3, split=[0.0, 0.0, 1.0], size='96x64x12', phantoms={{'vendors': 'D'}}),
        ),
        options={{'*': {{'train_cfg.max_iters': 3, 'train_dataloader.sampler.positive_fraction': None}}}},
    )
)
"""


@pytest.fixture(scope='package')
def toy_configs(tmp_path_factory) -> Path:
    """A folder with the configs of a classifier and of a segmenter."""
    folder = tmp_path_factory.mktemp('toys')
    (folder / 'classifier.py').write_text(CONFIG)
    (folder / 'maps.py').write_text(MAPS)
    return folder


@pytest.fixture(scope='package')
def write_classifiers(toy_configs):
    """Declares the study of classifiers; ``note`` is the file without which ``tuned`` ends at its fifth step."""

    def write(name: str, lr: float = 0.5) -> Path:
        path = toy_configs / name
        path.write_text(CLASSIFIERS.format(folder=toy_configs, note=toy_configs / 'killed', lr=lr))
        return path

    return write


@pytest.fixture(scope='package')
def segmenters(toy_configs) -> Path:
    """The study of segmenters."""
    path = toy_configs / 'segmenters.py'
    path.write_text(SEGMENTERS.format(folder=toy_configs))
    return path
