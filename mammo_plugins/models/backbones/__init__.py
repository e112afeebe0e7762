"""Backbones that mmdet lacks."""

from .modality_branches import ModalityBranches

__all__ = ['ModalityBranches']
