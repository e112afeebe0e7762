"""DICOM objects without what tells who the patient is, for sharing.

Everything that is not known to be needed and harmless is removed; identifiers are replaced under a secret key.

Source: DICOM PS3.15 Annex E (Attribute Confidentiality Profiles), PS3.16 CID 7050.
"""

from .deidentifier import Deidentifier
from .leftovers import Identity
from .refusal import IMAGES, RefusedObjectError, refuse
from .secret_key import random_key, read_or_make_key

__all__ = ['IMAGES', 'Deidentifier', 'Identity', 'RefusedObjectError', 'random_key', 'read_or_make_key', 'refuse']
