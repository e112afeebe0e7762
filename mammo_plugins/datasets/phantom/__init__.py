"""Synthetic breasts with findings, imaged as FFDM, DBT and SM."""

from .generate import generate_release
from .settings import (
    PRESETS,
    FindingSettings,
    ImagingSettings,
    PhantomSettings,
    QuirkSettings,
    SymmetrySettings,
    read_preset,
)

__all__ = [
    'PRESETS',
    'FindingSettings',
    'ImagingSettings',
    'PhantomSettings',
    'QuirkSettings',
    'SymmetrySettings',
    'generate_release',
    'read_preset',
]
