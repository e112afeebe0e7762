# FFDM without labels, image by image: two random copies of each, as MSVCL v2, section IV.B. Sizes of images and
# crops are this project's choice. split=None takes every image of the file.
data_root = 'data/'
style_bank = dict(type='GeneratorStyles', folder='data/styles')  # for RandomStyle; see mammo styles
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=512, max_length=1024),
]
augmentations = [
    dict(type='RandomRotation', degrees=10),
    dict(type='RandomResizedCropBreast', size=224, area=(0.2, 1.0), min_breast=0.5),
    dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.0),
    dict(type='RandomGreyJitter', brightness=0.2, contrast=0.2, prob=0.8),
]
train_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='BalancedCaseSampler', positive_fraction=None),
    collate_fn=dict(type='collate_cases'),
    dataset=dict(
        type='CaseDataset',
        data_root=data_root,
        ann_file='ffdm.json',
        modality='FFDM',
        split='train',
        group_by='image',
        loading=loading,
        pipeline=[dict(type='MakeCopies', transforms=augmentations, num_copies=2), dict(type='PackCopies')],
    ),
)
