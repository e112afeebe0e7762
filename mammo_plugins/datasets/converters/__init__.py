"""From the files of a public data set to annotations: one module or package a data set, each a function of a folder.

A converter reads tables and headers and gives an :class:`~mammo_plugins.io.AnnotationSet`; nothing is re-encoded, and
what is left out is listed in ``info['dropped']`` with its row and reason.
"""

from .bcs_dbt import convert_bcs_dbt
from .cbis_ddsm import convert_cbis_ddsm
from .cmmd import convert_cmmd
from .conversion_report import ConversionError
from .ddsm import convert_ddsm
from .embed import convert_embed
from .inbreast import convert_inbreast
from .omi_db import convert_omi_db
from .phantom import convert_phantom
from .rsna_2022 import convert_rsna_2022
from .t_synth import convert_t_synth
from .vindr_mammo import convert_vindr_mammo

CONVERTERS = {
    'bcs-dbt': convert_bcs_dbt,
    'cbis-ddsm': convert_cbis_ddsm,
    'cmmd': convert_cmmd,
    'ddsm': convert_ddsm,
    'embed': convert_embed,
    'inbreast': convert_inbreast,
    'omi-db': convert_omi_db,
    'phantom': convert_phantom,
    'rsna-2022': convert_rsna_2022,
    't-synth': convert_t_synth,
    'vindr-mammo': convert_vindr_mammo,
}

__all__ = [
    'CONVERTERS',
    'ConversionError',
    'convert_bcs_dbt',
    'convert_cbis_ddsm',
    'convert_cmmd',
    'convert_ddsm',
    'convert_embed',
    'convert_inbreast',
    'convert_omi_db',
    'convert_phantom',
    'convert_rsna_2022',
    'convert_t_synth',
    'convert_vindr_mammo',
]
