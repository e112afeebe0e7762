"""Several optimisers, in one process or many."""

from .module_optim_constructor import ModuleOptimConstructor
from .own_step_parallel import OwnStepDataParallel

__all__ = ['ModuleOptimConstructor', 'OwnStepDataParallel']
