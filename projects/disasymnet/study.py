# Tables 1 and 2 and Fig. 2 on phantoms whose breasts resemble each other, and the normal images beside the true ones.
#   mammo study disasymnet --out study/disasymnet
# The paper's numbers are those of VinDr-Mammo.
_configs = 'projects/disasymnet/configs'
_images = dict(modality='FFDM')


def _of_labels(name, title):
    return dict(name=name, title=title, reader='labels', target=f'{name}/abnormal', numbers=['auc'], images=_images)


def _of_normals(name, title, target):
    numbers = ['psnr_inside', 'psnr_outside', 'ssim_inside', 'ssim_outside', 'removed', 'harmed', 'healthy_psnr']
    return dict(name=name, title=title, reader='normals', target=target, numbers=numbers, images=_images)


_maps = dict(
    name='maps',
    title='maps',
    reader='saliency',
    target='any',
    numbers=['iou', 'ior', 'iogt', 'dice', 'TIoU', 'TIoR'],
    images=_images,
    threshold=0.999,
)
_sides, _pairs = _of_labels('view', 'abnormal'), _of_labels('pair', 'asymmetric')
_normals = _of_normals('normals', 'normal image', 'model')
_simple = [
    _of_normals('unchanged', 'unchanged', 'unchanged'),
    _of_normals('other_side', 'other side', 'other side'),
    _of_normals('blur', 'blur', 'blur'),
]
_bank = 'train_dataloader.dataset.pipeline.1.bank'
_tumours = {f'{_bank}.folder': '{bank}', f'{_bank}.shared_ids_are_others': True}


def _paper(pair, side, tiou, tior):
    """AUC with its interval, and mean TIoU and TIoR, of VinDr-Mammo."""
    numbers = {'view': {'auc': side}, 'maps': {'TIoU': tiou, 'TIoR': tior}}
    return numbers if pair is None else {**numbers, 'pair': {'auc': pair}}


def _row(name, title, paper=None, readings=(), table='Tables 1, 2', config=None, synthesis=False, share=1.0):
    options = dict(_tumours) if synthesis else {}
    if share < 1:
        options['train_dataloader.dataset.subset'] = dict(patient_fraction=share)
    stage = dict(name=name, config=f'{_configs}/{config or name}.py', cfg_options=options)
    alone = (config or name) in ('resnet18', 'ham')
    labels = [_sides] if alone else [_sides, _pairs]
    # Tests read no bank.
    tests = [dict(cfg_options={})]
    return dict(
        name=name,
        title=title,
        table=table,
        stages=[stage],
        tests=tests,
        readings=[*labels, _maps, *readings],
        paper=paper or {},
    )


stages = [
    dict(name='bank', kind='command', command=['tumour-bank', '{data.others}', '{folder}'], files=dict(folder='.'))
]
_in_fig_2 = dict(
    resnet18='ResNet-18',
    ham='HAM',
    late_fusion='Late fusion',
    cvt='CVT',
    asymmetry_attention='Wang et al.',
    disasymnet='DisAsymNet',
)
rows = [
    _row('resnet18', 'ResNet-18', _paper(None, (0.776, 0.750, 0.798), 0.153, 0.338)),
    _row('ham', 'HAM', _paper(None, (0.780, 0.778, 0.822), 0.195, 0.290)),
    _row('late_fusion', 'Late fusion', _paper((0.782, 0.753, 0.810), (0.803, 0.781, 0.824), 0.237, 0.374)),
    _row('cvt', 'CVT', _paper((0.803, 0.774, 0.830), (0.797, 0.775, 0.819), 0.207, 0.407)),
    _row('asymmetry_attention', 'Wang et al.', _paper((0.798, 0.769, 0.825), (0.796, 0.773, 0.820), 0.264, 0.444)),
    _row(
        'disasymnet',
        'DisAsymNet',
        _paper((0.823, 0.796, 0.848), (0.841, 0.821, 0.860), 0.272, 0.488),
        [_normals, *_simple],
        synthesis=True,
    ),
    _row('asyc', 'AsyC', _paper((0.811, 0.783, 0.839), (0.809, 0.788, 0.831), 0.246, 0.422)),
    _row('asyd', 'AsyD', _paper((0.812, 0.786, 0.840), (0.827, 0.806, 0.848), 0.232, 0.435), [_normals]),
    _row(
        'asyd_syn',
        'AsyD & Syn',
        _paper((0.818, 0.791, 0.843), (0.824, 0.803, 0.846), 0.189, 0.451),
        [_normals],
        synthesis=True,
    ),
    _row('asyc_asyd', 'AsyC & AsyD', _paper((0.820, 0.794, 0.846), (0.833, 0.813, 0.854), 0.241, 0.394), [_normals]),
    _row(
        'no_refinement',
        'Without refinement',
        readings=[_normals],
        table='',
        config='disasymnet_no_refinement',
        synthesis=True,
    ),
    _row('residual', 'Residual blocks', readings=[_normals], table='', config='disasymnet_residual', synthesis=True),
    *(
        _row(
            f'{name}_{round(100 * share)}',
            f'{title}, {share:.0%} of the patients',
            table='Fig. 2',
            config=name,
            synthesis=name == 'disasymnet',
            share=share,
        )
        for name, title in _in_fig_2.items()
        for share in (0.5, 0.25)
    ),
]
claims = [
    *(('disasymnet', name, 'view', 'auc') for name in ('resnet18', 'ham', 'late_fusion', 'cvt', 'asymmetry_attention')),
    *(('disasymnet', name, 'pair', 'auc') for name in ('late_fusion', 'cvt', 'asymmetry_attention')),
    *(
        ('disasymnet', name, reading, number)
        for name in ('asyc', 'asyd', 'asyd_syn', 'asyc_asyd')
        for reading, number in (('view', 'auc'), ('maps', 'TIoU'))
    ),
    ('disasymnet', 'no_refinement', 'view', 'auc'),
    ('residual', 'disasymnet', 'view', 'auc'),
    ('disasymnet', 'asyc_asyd', 'normals', 'psnr_inside'),
    *(
        (f'disasymnet_{share}', f'{name}_{share}', 'view', 'auc')
        for share in (50, 25)
        for name in _in_fig_2
        if name != 'disasymnet'
    ),
]
_whole = [row['name'] for row in rows if row['table'] != 'Fig. 2']
tables = [
    dict(title='Table 1: classification', rows=_whole, readings=['view', 'pair']),
    dict(title='Table 2: maps', rows=_whole, readings=['maps']),
    dict(
        title='Fig. 2: shares of the patients',
        rows=[row for name in _in_fig_2 for row in (f'{name}_25', f'{name}_50', name)],
        readings=['view', 'pair'],
    ),
    dict(title='Normal images against the true ones', readings=['normals']),
    dict(title='Without a model', rows=['disasymnet'], readings=[reading['name'] for reading in _simple]),
]
number_titles = dict(
    auc='AUC',
    iou='IoU',
    ior='IoR',
    iogt='IoGT',
    dice='Dice',
    TIoU='mean TIoU',
    TIoR='mean TIoR',
    psnr_inside='PSNR of lesions',
    psnr_outside='PSNR around',
    ssim_inside='SSIM of lesions',
    ssim_outside='SSIM around',
    removed='removed',
    harmed='harmed',
    healthy_psnr='PSNR of healthy',
)
digits = 3
_loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=64, max_length=128),
]
_steps = 450
_data = {
    f'{part}_dataloader.{name}': value
    for part in ('train', 'val', 'test')
    for name, value in {'num_workers': 0, 'persistent_workers': False, 'dataset.loading': _loading}.items()
}
_decay = [dict(type='MultiStepLR', by_epoch=False, milestones=[_steps // 2], gamma=0.1)]
# An encoder of ten layers and an eighth of the channels, which no ImageNet has seen, on breasts of 128 x 64 pixels, for
# two cores. Its features are those at an eighth of the size: a mass is one of 16 x 8 cells (32 x 16 in 1024 x 512).
_channels = (32, 64)
_features = _channels[-1]
_encoder = {
    'model_name': 'resnet10t',
    'pretrained': False,
    'channels': (*_channels, 64, 64),
    'stem_width': 8,
    'out_indices': (0, 1, 2),
}
_decoder = {
    'model.asyd.stage_channels': (16, *_channels),
    'model.asyd.channels': (32, 16, 8),
}
_small = {
    **_data,
    'train_dataloader.dataset.cache_in_memory': True,
    'train_cfg.max_iters': _steps,
    'train_cfg.val_interval': 100000,
    'optim_wrapper.asyc.optimizer.lr': 3e-4,
    'param_scheduler.asyc': _decay,
    'test_evaluator.0.bootstrap': 0,
}
_fusion = {'model.asyc.fusion.in_channels': _features}
_of_encoder = {**_fusion, **{f'model.asyc.backbone.{name}': value for name, value in _encoder.items()}}
_of_cvt = {**_fusion, **{f'model.asyc.backbone.backbone.{name}': value for name, value in _encoder.items()}}
_optimiser = {'optim_wrapper.asyd.optimizer.lr': 3e-4, 'param_scheduler.asyd': _decay}
_of_asyd = {**_of_encoder, **_decoder, **_optimiser, 'model.asyd.in_channels': _features}
_joined = {**_of_asyd, 'model.asyd.in_channels': 2 * _features}
# By config; the classifiers have no second optimiser.
_by_config = {
    **dict.fromkeys(('resnet18', 'late_fusion', 'asymmetry_attention', 'asyc'), _of_encoder),
    **dict.fromkeys(('asyd', 'asyd_syn'), _joined),
    **dict.fromkeys(('asyc_asyd', 'disasymnet*'), _of_asyd),
    'ham': {**_of_encoder, 'model.asyc.fusion.out_channels': _features},
    'cvt': _of_cvt,
}
# Masses that can be seen at this size: with those of the preset no method learned the labels.
_findings = {
    'finding.malignant_share': 0.4,
    'finding.malignant_density': [2.4, 3.2],
    'finding.mass_radius_mm': [5.0, 8.0],
    'finding.superpositions': 0.0,
    'density_mix': [0.3, 0.5, 0.2, 0.0],
}
presets = dict(
    small=dict(
        data=dict(
            seen=dict(cases=160, split=[0.6, 0.1, 0.3], size='192x112x4', preset='symmetric', phantoms=_findings),
            others=dict(cases=60, split=[1.0, 0.0, 0.0], size='192x112x4', preset='symmetric', phantoms=_findings),
        ),
        options={'*': _small, **_by_config},
    ),
)
