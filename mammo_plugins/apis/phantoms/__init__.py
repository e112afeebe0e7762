"""``mammo phantoms``: synthetic breasts as DICOM, in the layout of a release."""

from .making import RELEASES, make_exam, make_phantoms, prepare_phantoms

__all__ = ['RELEASES', 'make_exam', 'make_phantoms', 'prepare_phantoms']
