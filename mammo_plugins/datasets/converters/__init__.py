"""From the files of a public data set to annotations: one module a data set, each a function of a folder.

A converter reads tables and headers and gives an :class:`~mammo_plugins.io.AnnotationSet`; nothing is re-encoded, and
what is left out is listed in ``info['dropped']`` with its row and reason.
"""

from .bcs_dbt import convert_bcs_dbt
from .conversion_report import ConversionError
from .phantom import convert_phantom

CONVERTERS = {'bcs-dbt': convert_bcs_dbt, 'phantom': convert_phantom}

__all__ = ['CONVERTERS', 'ConversionError', 'convert_bcs_dbt', 'convert_phantom']
