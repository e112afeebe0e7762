"""Tables, plots and the HTML report; nothing here needs torch."""

from .result_table import result_table

__all__ = ['result_table']
