"""What ``mmcv.ops`` reports about the build of its operators."""

from __future__ import annotations


def get_compiler_version() -> str:
    """Named in place of a C++ compiler in mmengine's environment log."""
    return 'none (torchvision stand-ins of mammo_plugins)'


def get_compiling_cuda_version() -> str:
    """Named in place of a CUDA toolkit in mmengine's environment log."""
    return 'none (torchvision stand-ins of mammo_plugins)'
