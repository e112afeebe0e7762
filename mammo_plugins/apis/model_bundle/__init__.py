"""Trained models in one file: exporting, importing, and what is at hand. Importing this imports no torch."""

from .about import ModelAbout, read_about
from .installed import Bundle, UnpackedModel, find_bundle, import_bundle, list_bundles, models_folder, unpack_model

__all__ = [
    'Bundle',
    'ModelAbout',
    'UnpackedModel',
    'find_bundle',
    'import_bundle',
    'list_bundles',
    'models_folder',
    'read_about',
    'unpack_model',
]
