"""Vendors' styles: unpaired images to learn them from, and images shown in styles that were learned."""

from .generator_styles import GeneratorStyles
from .joined_styles import JoinedStyles
from .style_folder import LearnedStyles, read_styles, write_styles
from .style_pair_dataset import StylePairDataset
from .translation import translate_image

__all__ = [
    'GeneratorStyles',
    'JoinedStyles',
    'LearnedStyles',
    'StylePairDataset',
    'read_styles',
    'translate_image',
    'write_styles',
]
