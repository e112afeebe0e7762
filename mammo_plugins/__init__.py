"""Breast imaging AI for MMDetection: FFDM, synthetic mammograms and tomosynthesis.

Importing this package imports nothing heavy, and lets configs inherit from ``mammo_plugins::mm3d_dbt.py`` (see
``compat.config_inheritance``). ``import mammo_plugins.registration``, which every config names in its
``custom_imports``, registers all components in ``mmdet.registry``.
"""

from mammo_plugins.compat.config_inheritance import install_config_inheritance

__version__ = '0.1.0'

__all__ = ['__version__']

install_config_inheritance()
