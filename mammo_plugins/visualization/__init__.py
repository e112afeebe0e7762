"""Tables, plots and the HTML report; nothing here needs torch."""

from .froc_plot import froc_svg
from .html_report import write_report
from .report_content import ReportCase, ReportPrediction, ReportTruth, ReportView
from .result_table import difference_rows, model_rows, number_rows, screen_table

__all__ = [
    'ReportCase',
    'ReportPrediction',
    'ReportTruth',
    'ReportView',
    'froc_svg',
    'difference_rows',
    'model_rows',
    'number_rows',
    'screen_table',
    'write_report',
]
