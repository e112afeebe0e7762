"""Models that learn the masks of findings, and give maps of them."""

from .mammogram_segmenter import MammogramSegmenter
from .monai_unet import MonaiUNet

__all__ = ['MammogramSegmenter', 'MonaiUNet']
