# Tables 1 and 2 and ablations G.1 to G.7 and G.9 on phantoms whose findings are below 1 % of the pixels.
#   mammo study glam --out study/glam
# Images of 256 x 128 pixels in place of 2944 x 1920: masses are 15 to 20 pixels wide. The global module has three
# stages of one block, the first two with cells of 4 pixels, so that a cell of S_0 sees about a mass, as there. Its maps
# are normed, its 1x1 convolutions have a bias and begin even, and t is about the share of a mass: without these, a few
# hundred images put the evidence beside the masses or at the border (README, "On phantoms").
_configs = 'projects/glam/configs'
_ablations = f'{_configs}/ablations'
_dice, _image, _dataset = 'soft_dice', 'pxap_image', 'pxap_dataset'
_classes = ('malignant', 'benign')
_images = dict(modality='FFDM')  # phantoms have SM and DBT too


def _map_reading(category):
    return dict(
        name=category,
        title=category,
        reader='saliency',
        target=category,
        numbers=[_dice, _image, _dataset],
        grid='image',
        images=_images,
    )


def _label_reading(category):
    return dict(
        name=f'label {category}', title=f'{category}, images', reader='labels', target=category, numbers=['auc']
    )


readings = [
    *map(_map_reading, _classes),
    *map(_label_reading, _classes),
    dict(
        name='boxes',
        title='boxes of the maps',
        target='center-hit',
        numbers=['FAUC-1'],
        hit_pixels_of='own',
        hit_radius_px=16,
        images=_images,
    ),
]
_of_maps = list(_classes)
_of_labels = [*_of_maps, 'label malignant', 'label benign']
number_titles = {
    _dice: 'Dice',
    _image: 'PxAP (image)',
    _dataset: 'PxAP (data set)',
    'auc': 'AUC',
    'FAUC-1': 'FAUC-1',
}


def _paper(malignant, benign, aucs=()):
    """Dice, PxAP of images with their standard deviations, and PxAP of the data set, of each class."""

    def of_class(dice, dice_sd, image, image_sd, dataset):
        return {
            _dice: dict(value=dice, spread=dice_sd),
            _image: dict(value=image, spread=image_sd),
            _dataset: dict(value=dataset),
        }

    labels = {f'label {name}': dict(auc=value) for name, value in zip(_classes, aucs)}
    return dict(malignant=of_class(*malignant), benign=of_class(*benign), **labels)


def _row(name, title, table, stages=(), paper=None, of=_of_maps, test=None):
    return dict(
        name=name,
        title=title,
        table=table,
        readings=of,
        stages=list(stages),
        tests=[test or {}],
        paper=paper or {},
    )


def _stage(name, folder=_configs, **fields):
    return dict(name=name, config=f'{folder}/{name}.py', **fields)


def _tested(name, title, table, checkpoint, paper=None, of=_of_maps):
    """A row that is another reading of weights that are there."""
    return _row(
        name, title, table, paper=paper, of=of, test=dict(checkpoint=checkpoint, config=f'{_ablations}/{name}.py')
    )


def _trained(name, title, table, load_from, paper=None, of=_of_maps):
    return _row(name, title, table, [_stage(name, _ablations, load_from=load_from)], paper, of)


_global = _paper((0.325, 0.239, 0.363, 0.276, 0.324), (0.261, 0.185, 0.302, 0.266, 0.140))
_local = _paper((0.343, 0.283, 0.444, 0.337, 0.207), (0.297, 0.287, 0.337, 0.310, 0.126))
_separate = _paper((0.375, 0.264, 0.449, 0.319, 0.340), (0.318, 0.243, 0.382, 0.317, 0.191))
_joint = _paper((0.390, 0.253, 0.461, 0.296, 0.341), (0.335, 0.259, 0.396, 0.315, 0.215), (0.882, 0.770))
stages = [
    _stage('glam_global'),
    _stage('glam_local', load_from='{glam_global}'),
]
rows = [
    _row(
        'glam',
        'GLAM (S_c-joint)',
        'Table 1, 2',
        [_stage('glam_joint', load_from='{glam_local}')],
        _joint,
        [*_of_labels, 'boxes'],
    ),
    _row(
        'gmic',
        'GMIC',
        'Table 1',
        [_stage('gmic')],
        _paper((0.325, 0.231, 0.396, 0.275, 0.295), (0.240, 0.175, 0.283, 0.244, 0.112), (0.886, 0.780)),
        [*_of_labels, 'boxes'],
    ),
    _row(
        'cam',
        'CAM',
        'Table 1',
        [_stage('cam')],
        _paper((0.250, 0.221, 0.279, 0.240, 0.226), (0.207, 0.180, 0.222, 0.210, 0.084), (0.894, 0.770)),
        [*_of_labels, 'boxes'],
    ),
    _row(
        'unet',
        'U-Net (masks)',
        'Table 1',
        [_stage('unet')],
        _paper((0.504, 0.283, 0.589, 0.329, 0.452), (0.412, 0.316, 0.498, 0.357, 0.265)),
        [*_of_maps, 'boxes'],
    ),
    _tested('table2_global', 'S_g', 'Table 2, G.1', '{glam_local}', _global, _of_labels),
    _tested('table2_local', 'S_l', 'Table 2, G.2 to G.5, G.7', '{glam_local}', _local),
    _tested('table2_separate', 'S_c-sep', 'Table 2', '{glam_local}', _separate),
    _tested(
        'g1_map_0',
        'S_0',
        'G.1',
        '{glam_global}',
        _paper((0.155, 0.192, 0.139, 0.184, 0.117), (0.130, 0.108, 0.121, 0.175, 0.049)),
    ),
    _tested(
        'g1_map_1',
        'S_1',
        'G.1',
        '{glam_global}',
        _paper((0.319, 0.238, 0.318, 0.257, 0.254), (0.240, 0.190, 0.269, 0.258, 0.113)),
    ),
    _tested(
        'g1_map_2',
        'S_2',
        'G.1',
        '{glam_global}',
        _paper((0.213, 0.209, 0.220, 0.211, 0.224), (0.157, 0.150, 0.113, 0.149, 0.060)),
    ),
    _row(
        'as_published',
        'S_g, raw maps, no bias, random start',
        'small images',
        [dict(name='as_published', config=f'{_configs}/glam_global.py')],
        of=_of_labels,
    ),
    _trained(
        'g2_map_negatives',
        'S_l, negative patches by the map',
        'G.2',
        '{glam_global}',
        _paper((0.184, 0.192, 0.282, 0.230, 0.126), (0.188, 0.205, 0.187, 0.202, 0.064)),
    ),
    _trained(
        'g3_resnet34',
        'S_l, ResNet-34',
        'G.3',
        '{glam_global}',
        _paper((0.163, 0.224, 0.272, 0.257, 0.097), (0.218, 0.249, 0.256, 0.268, 0.067), (0.826, 0.705)),
        _of_labels,
    ),
    _trained(
        'g3_resnet18_hr',
        'S_l, ResNet-18-HR',
        'G.3',
        '{glam_global}',
        _paper((0.226, 0.243, 0.330, 0.301, 0.137), (0.172, 0.235, 0.208, 0.260, 0.077), (0.706, 0.657)),
        _of_labels,
    ),
    _row(
        'g3_resnet34_hr',
        'S_l, ResNet-34-HR, its own labels',
        'G.3',
        paper=_paper((0.343, 0.283, 0.444, 0.337, 0.207), (0.297, 0.287, 0.337, 0.310, 0.126), (0.747, 0.682)),
        of=_of_labels,
        test=dict(checkpoint='{glam_local}', config=f'{_ablations}/g3_resnet34_hr.py'),
    ),
    _trained(
        'g4_train_patches_1',
        'S_l, K = 1',
        'G.4',
        '{glam_global}',
        _paper((0.268, 0.229, 0.365, 0.280, 0.153), (0.280, 0.267, 0.237, 0.239, 0.107)),
    ),
    _tested('g5_test_patches_3', 'S_l, M = 3', 'G.5', '{glam_local}'),
    _trained(
        'g6_concatenation',
        'S_c, joint, concatenation',
        'G.6',
        '{glam_local}',
        _paper((0.318, 0.252, 0.447, 0.298, 0.308), (0.324, 0.263, 0.373, 0.306, 0.197)),
    ),
    _trained(
        'g6_attention',
        'S_c, joint, attention',
        'G.6',
        '{glam_local}',
        _paper((0.376, 0.259, 0.459, 0.297, 0.331), (0.335, 0.260, 0.393, 0.313, 0.210)),
    ),
    _trained(
        'g7_pool_10',
        'S_l, t = 10 %',
        'G.7',
        '{glam_global}',
        _paper((0.280, 0.268, 0.419, 0.325, 0.169), (0.284, 0.279, 0.319, 0.297, 0.106)),
    ),
    _trained(
        'g7_pool_60',
        'S_l, t = 60 %',
        'G.7',
        '{glam_global}',
        _paper((0.307, 0.259, 0.408, 0.314, 0.221), (0.260, 0.269, 0.334, 0.316, 0.114)),
    ),
    _tested(
        'g9_global_share_0',
        'S_c, gamma_c = 0',
        'G.9',
        '{glam_joint}',
        _paper((0.406, 0.266, 0.451, 0.306, 0.269), (0.297, 0.270, 0.318, 0.282, 0.158)),
    ),
    _tested(
        'g9_global_share_2',
        'S_c, gamma_c = 0.2',
        'G.9',
        '{glam_joint}',
        _paper((0.411, 0.265, 0.469, 0.300, 0.331), (0.322, 0.272, 0.391, 0.210, 0.208)),
    ),
    _tested(
        'g9_global_share_7',
        'S_c, gamma_c = 0.7',
        'G.9',
        '{glam_joint}',
        _paper((0.351, 0.239, 0.434, 0.286, 0.329), (0.320, 0.242, 0.380, 0.307, 0.198)),
    ),
]


def _ahead(better, *worse):
    return [(better, other, category, _dice) for other in worse for category in _classes]


claims = [
    *_ahead('unet', 'glam'),
    *_ahead('glam', 'gmic', 'table2_separate', 'g6_concatenation', 'g6_attention'),
    *_ahead('gmic', 'cam'),
    *_ahead('table2_separate', 'table2_global', 'table2_local'),
    *_ahead('table2_global', 'g1_map_0', 'g1_map_1', 'g1_map_2', 'as_published'),
    *_ahead(
        'table2_local', 'g2_map_negatives', 'g3_resnet34', 'g3_resnet18_hr', 'g4_train_patches_1', 'g5_test_patches_3'
    ),
]
_table_1 = ['glam', 'gmic', 'cam', 'unet']
tables = [
    dict(title='Table 1', rows=_table_1),
    dict(title='Maps as published', rows=['table2_global', 'as_published'], readings=_of_labels),
    dict(title='Table 2', rows=['table2_global', 'table2_local', 'table2_separate', 'glam'], readings=_of_maps),
    dict(
        title='Appendix G',
        rows=[row['name'] for row in rows if row['table'].startswith('G.')],
        readings=_of_labels,
    ),
]
digits = 3
_channels = [16, 32, 64]
_backbone = {'model.local_module.backbone.base_channels': 16, 'model.local_module.in_channels': 128}
_attention = {'model.aggregation.embed_dims': 128, 'model.aggregation.hidden_dims': 32}
_fusion = {'model.fusion.in_channels': _channels[-1] + 128}
_one_map = {
    'model.global_module.backbone.out_indices': [2],
    'model.global_module.in_channels': _channels[-1:],
}


def _even_maps(module, convolutions, init):
    """Cells begin at how frequent a label is (35 %), those where most is active a little above."""
    override = dict(type='Constant', name=convolutions, val=2e-3, bias=-0.6)
    return {
        f'model.{module}.head_bias': True,
        f'model.{module}.init_cfg': dict(type=init, layer='Conv2d', distribution='normal', override=override),
    }


_small_global = {
    'model.global_module.backbone.channels': _channels,
    'model.global_module.backbone.strides': [1, 1, 2],
    'model.global_module.backbone.blocks': 1,
    'model.global_module.backbone.pool_padding': 1,
    'model.global_module.backbone.out_indices': [0, 1, 2],
    'model.global_module.in_channels': _channels,
    'model.global_module.pool_fraction': 0.01,
    'model.loss_sparsity.loss_weight': 1e-6,
}
_even_start = {
    'model.global_module.backbone.norm_outputs': True,
    **_even_maps('global_module', 'heads', 'Xavier'),
}
_published_start = {
    'model.global_module.backbone.norm_outputs': False,
    'model.global_module.head_bias': False,
    'model.global_module.init_cfg': None,
}
_weak = ('glam_*', 'gmic', 'cam', 'table2_*', 'g[0-9]_*')
_chosen = ('glam_local', 'table2_*', 'g2_*', 'g3_*', 'g4_*', 'g5_*', 'g6_*', 'g7_*', 'g9_*', 'glam_joint')
_random_negatives = ('glam_local', 'table2_*', 'g3_*', 'g4_*', 'g5_*', 'g7_*')
_three_patches = ('glam_local', 'glam_joint', 'g2_*', 'g3_*', 'g6_*', 'g7_*')


def _data(height, width):
    """Images of a window of this size, 16 a step, read in the process that trains."""
    loading = [
        dict(type='LoadMammogram', num_slices=1),
        dict(type='OrientCanonical'),
        dict(type='CropBreast'),
        dict(type='CutWindow', height=height, width=width),
    ]
    fields = {'num_workers': 0, 'persistent_workers': False, 'batch_size': 16, 'dataset.loading': loading}
    return {f'{part}_dataloader.{name}': value for part in ('train', 'val', 'test') for name, value in fields.items()}


def _training(steps, rate):
    return {
        'train_cfg.max_iters': steps,
        'optim_wrapper.optimizer.lr': rate,
        'param_scheduler': [dict(type='CosineAnnealingLR', by_epoch=False, T_max=steps, eta_min_ratio=0.02)],
    }


def _options(height, width, patch, steps, local_steps, joint_steps, unet_steps, rate=5e-3, unet=8, **others):
    """Everything small: images of (height, width), square patches, steps of each training, and the U-Net's channels."""
    patches = {'model.patch_selection.patch_size': [patch, patch]}
    negatives = {'model.negative_selection.patch_size': [patch, patch]}
    every = {
        **_data(height, width),
        **_training(steps, rate),
        'train_cfg.val_interval': 100000,
        'model.map_findings.min_area_px': 16,
        **others,
    }
    local = {
        'train_dataloader.batch_size': 8,
        **_training(local_steps, 0.2 * rate),
        **_even_maps('local_module', 'head', 'Kaiming'),
    }
    return {
        '*': every,
        **_joined(
            (_weak, {**_small_global, **_even_start}),
            (('*as_published',), _published_start),
            (('cam',), {**_one_map, 'model.global_module.pool_fraction': 1.0}),
            (_chosen, {**_backbone, **patches, **local}),
            (_random_negatives, negatives),
            (_three_patches, {'model.train_patches': 3}),
            (('gmic',), {**_one_map, **_backbone, **patches, **_attention, **_fusion}),
            (('glam_joint', 'g6_*'), _training(joint_steps, 0.2 * rate)),
            (('glam_joint', 'g6_attention', 'g9_*'), _attention),
            (('glam_joint', 'g9_*'), _fusion),
        ),
        'unet': {
            'train_dataloader.batch_size': 8,
            **_training(unet_steps, 0.6 * rate),
            'model.network.features': [unet, unet, 2 * unet, 4 * unet, 8 * unet, unet],
        },
    }


def _joined(*parts):
    """Pattern to all overrides that name it."""
    found = {}
    for patterns, overrides in parts:
        for pattern in patterns:
            found[pattern] = {**found.get(pattern, {}), **overrides}
    return found


_findings = {
    'finding.malignant_share': 0.35,
    'finding.benign_share': 0.35,
    'finding.unannotated_share': 0.0,
    'finding.malignant_types': [0.6, 0.4, 0.0, 0.0],
    'finding.benign_types': [1.0, 0.0, 0.0],
    'finding.malignant_density': [2.6, 3.4],
    'finding.benign_density': [1.6, 2.2],
    'finding.mass_radius_mm': [5.0, 8.0],
    'finding.superpositions': 0.0,
    'density_mix': [0.3, 0.5, 0.2, 0.0],
}
presets = dict(
    small=dict(
        data=dict(cases=300, split=[0.6, 0.1, 0.3], size='256x160x4', phantoms=_findings),
        options=_options(
            256,
            128,
            48,
            steps=900,
            local_steps=400,
            joint_steps=200,
            unet_steps=600,
            **{'train_dataloader.dataset.cache_in_memory': True},
        ),
    ),
    tiny=dict(
        data=dict(cases=10, split=[0.5, 0.2, 0.3], size='128x96x16', phantoms=_findings),
        options=_options(
            128,
            64,
            32,
            steps=2,
            local_steps=2,
            joint_steps=2,
            unet_steps=2,
            unet=16,
            **{'train_dataloader.sampler.unit': 'case'},
        ),
    ),
)
