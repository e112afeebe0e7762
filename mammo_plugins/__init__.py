"""Breast imaging AI for MMDetection: FFDM, synthetic mammograms and tomosynthesis.

Importing this package imports nothing heavy. ``import mammo_plugins.registration``, which every config names in its
``custom_imports``, registers all components in ``mmdet.registry``.
"""

__version__ = '0.1.0'

__all__ = ['__version__']
