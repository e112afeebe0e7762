"""Phantoms in the layout of public data sets: one module a data set.

A writer takes a finished generic release (see ``phantom.generate``) and its rows, and fills an empty folder with the
folders, file names, headers, tables and oddities of the public one.
"""

from .cbis_ddsm import write_cbis_ddsm
from .cmmd import write_cmmd
from .ddsm import write_ddsm
from .embed import write_embed
from .inbreast import write_inbreast
from .omi_db import write_omi_db
from .rsna_2022 import write_rsna_2022
from .t_synth import write_t_synth
from .vindr_mammo import write_vindr_mammo

RELEASE_WRITERS = {
    'cbis-ddsm': write_cbis_ddsm,
    'cmmd': write_cmmd,
    'ddsm': write_ddsm,
    'embed': write_embed,
    'inbreast': write_inbreast,
    'omi-db': write_omi_db,
    'rsna-2022': write_rsna_2022,
    't-synth': write_t_synth,
    'vindr-mammo': write_vindr_mammo,
}

__all__ = [
    'RELEASE_WRITERS',
    'write_cbis_ddsm',
    'write_cmmd',
    'write_ddsm',
    'write_embed',
    'write_inbreast',
    'write_omi_db',
    'write_rsna_2022',
    'write_t_synth',
    'write_vindr_mammo',
]
