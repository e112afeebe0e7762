"""Tasks beside a model's own that train its backbone: what a task reads, and how a model asks them all.

``MammogramDetector`` and ``MammogramClassifier`` take them as ``auxiliary=[dict(type=...), ...]``.
"""

from .auxiliary_tasks import AuxiliaryTask, AuxiliaryTasks
from .domain_discriminator import DomainDiscriminator
from .jigsaw_task import JigsawTask
from .momentum_copy import MomentumCopy
from .momentum_triplet import MomentumTripletTask

__all__ = [
    'AuxiliaryTask',
    'AuxiliaryTasks',
    'DomainDiscriminator',
    'JigsawTask',
    'MomentumCopy',
    'MomentumTripletTask',
]
