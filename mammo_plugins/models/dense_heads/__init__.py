"""Dense heads that mmdet lacks."""

from .efficientdet_head import EfficientDetHead

__all__ = ['EfficientDetHead']
