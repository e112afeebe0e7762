# GLAM in its steps, GMIC, CAM and the U-Net beside it, and a test of each: Tables 1 and 2.
#   mammo stages projects/glam/plan.py --out work
# Each goes on from the best weights of the one before: by Dice of the validation images, without masks by AUC.
# Step 2, which makes the patches that the local module learns from, is part of step 3: the frozen global module chooses
# those of an image whenever it is drawn, by algorithm 1 where it has a finding and at random where it has none. What it
# chooses of an image is what a list made before would hold; augmented images get patches of what is seen of them.
configs = 'projects/glam/configs'
stages = [
    dict(name='glam_global', config=f'{configs}/glam_global.py'),
    dict(name='glam_local', config=f'{configs}/glam_local.py', load_from='{glam_global.best}'),
    dict(name='glam_joint', config=f'{configs}/glam_joint.py', load_from='{glam_local.best}'),
    dict(name='gmic', config=f'{configs}/gmic.py'),
    dict(name='cam', config=f'{configs}/cam.py'),
    dict(name='unet', config=f'{configs}/unet.py'),
    # Table 1, and S_c-joint of Table 2.
    dict(name='test_glam', kind='test', config=f'{configs}/glam_joint.py', checkpoint='{glam_joint.best}'),
    dict(name='test_gmic', kind='test', config=f'{configs}/gmic.py', checkpoint='{gmic.best}'),
    dict(name='test_cam', kind='test', config=f'{configs}/cam.py', checkpoint='{cam.best}'),
    dict(name='test_unet', kind='test', config=f'{configs}/unet.py', checkpoint='{unet.best}'),
    # The other rows of Table 2: S_g, S_l, S_c-sep.
    dict(name='test_global', kind='test', config=f'{configs}/glam_global.py', checkpoint='{glam_global.best}'),
    dict(name='test_local', kind='test', config=f'{configs}/ablations/table2_local.py', checkpoint='{glam_local.best}'),
    dict(
        name='test_separate',
        kind='test',
        config=f'{configs}/ablations/table2_separate.py',
        checkpoint='{glam_local.best}',
    ),
]
