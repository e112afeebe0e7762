# What appendix F searches for every model: 30 of them, the best by Dice of the validation images, mean of both classes.
number = dict(stage='validation', names=['saliency/malignant/soft_dice', 'saliency/benign/soft_dice'])
trials = 30
space = {
    'optim_wrapper.optimizer.lr': dict(low=10**-5.5, high=1e-4, log=True),
    'model.loss_sparsity.loss_weight': dict(low=10**-5.5, high=10**-3.5, log=True),
}
# Each training keeps the weights of its best validation. The test of a trial reads the validation images too.
cfg_options = {
    'test_dataloader.dataset.split': 'validation',
    'test_evaluator.0.split': 'validation',
    'test_evaluator.1.split': 'validation',
    'test_evaluator.2.split': 'validation',
    'test_evaluator.1.outdir': '{folder}/maps',
}
