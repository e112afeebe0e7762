"""Backbones that mmdet lacks."""

from .modality_branches import ModalityBranches
from .resnet22 import ResNet22

__all__ = ['ModalityBranches', 'ResNet22']
