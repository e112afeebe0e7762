# For models that learn from labels of images and are scored by their maps: the best weights by Dice of the validation
# images where some have masks, by AUC otherwise. The newest ones are kept beside them.
_base_ = './default_runtime.py'
default_hooks = dict(
    checkpoint=dict(
        type='PreferredCheckpointHook',
        preferred=['saliency/malignant/soft_dice', 'view/malignant/auc'],
    ),
)
