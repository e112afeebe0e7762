# DisAsymNet from two annotation files to Tables 1 and 2 and Fig. 2: the bank of tumours, every row, and a test of each.
#   mammo stages projects/disasymnet/plan.py --out work
configs = 'projects/disasymnet/configs'
# What is trained on and tested, with splits; and another data set, with masks, whose tumours are put in.
ann_file = 'data/ffdm.json'
other_file = 'data/other.json'
# True for phantoms alone, whose patients of two releases have the same ids; then the true normal images are known too.
phantoms = False
baselines = ['resnet18', 'ham', 'late_fusion', 'cvt', 'asymmetry_attention']
ablations = ['asyc', 'asyd', 'asyd_syn', 'asyc_asyd']
models = [*baselines, *ablations, 'disasymnet', 'disasymnet_no_refinement', 'disasymnet_residual']
# Fig. 2: the same on parts of the patients; the paper names no shares.
shares = {'50': 0.5, '25': 0.25}
shared = {f'{name}_{text}': (name, share) for name in (*baselines, 'disasymnet') for text, share in shares.items()}
with_tumours = ['asyd_syn', 'disasymnet', 'disasymnet_no_refinement', 'disasymnet_residual']
with_pictures = ['asyd', 'asyd_syn', 'asyc_asyd', 'disasymnet', 'disasymnet_no_refinement', 'disasymnet_residual']
data = {
    **{f'{part}_dataloader.dataset.ann_file': ann_file for part in ('train', 'val', 'test')},
    **{f'{part}_dataloader.dataset.data_root': '' for part in ('train', 'val', 'test')},
    'val_evaluator.ann_file': ann_file,
    'test_evaluator.0.ann_file': ann_file,
    'test_evaluator.1.ann_file': ann_file,
}
bank = 'train_dataloader.dataset.pipeline.1.bank'
tumours = {f'{bank}.folder': '{bank}', f'{bank}.shared_ids_are_others': phantoms}
pictures = {'test_evaluator.2.ann_file': ann_file}
options = {
    name: {**data, **(tumours if name in with_tumours else {}), **(pictures if name in with_pictures else {})}
    for name in models
}
runs = {name: (name, options[name]) for name in models}
for run, (name, share) in shared.items():
    runs[run] = (name, {**options[name], 'train_dataloader.dataset.subset': dict(patient_fraction=share)})
stages = [
    dict(name='bank', kind='command', command=['tumour-bank', other_file, '{folder}'], files=dict(folder='.')),
    *(dict(name=run, config=f'{configs}/{name}.py', cfg_options=overrides) for run, (name, overrides) in runs.items()),
    *(
        dict(
            name=f'test_{run}',
            kind='test',
            config=f'{configs}/{name}.py',
            checkpoint=f'{{{run}}}',
            cfg_options={key: value for key, value in overrides.items() if key not in tumours},
        )
        for run, (name, overrides) in runs.items()
    ),
    # What no paper could measure: the normal images beside the true ones.
    *(
        dict(
            name=f'normals_{name}',
            kind='command',
            command=[
                *('normals', f'{{test_{name}.pictures}}', '--ann', ann_file, '--split', 'test'),
                *('--bootstrap', '1000', '--json', '{folder}/normals.json'),
            ],
            files=dict(numbers='normals.json'),
        )
        for name in with_pictures
        if phantoms
    ),
]
