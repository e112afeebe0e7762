"""Stand-ins for mmcv's compiled operators, from torchvision and plain PyTorch.

mmcv's wheels on PyPI carry no ``mmcv._ext``; without it ``import mmcv.ops``, and with it every mmdet detector, fails.
:func:`install_mmcv_ops` supplies that module where no compiled one is importable, so that neither a compiler nor a CUDA
toolkit is needed.
"""

from .extension import MissingOpError
from .installation import install_mmcv_ops

__all__ = ['MissingOpError', 'install_mmcv_ops']
