"""Tables, plots and the HTML report; nothing here needs torch."""

from .curve_plot import PlotCurve, froc_svg, result_curves, roc_svg
from .curve_table import curves_csv
from .html_report import write_report
from .report_content import ReportCase, ReportLayer, ReportPatch, ReportPrediction, ReportTruth, ReportView
from .result_table import difference_rows, model_rows, number_rows, screen_table

__all__ = [
    'PlotCurve',
    'ReportCase',
    'ReportLayer',
    'ReportPatch',
    'ReportPrediction',
    'ReportTruth',
    'ReportView',
    'curves_csv',
    'difference_rows',
    'froc_svg',
    'model_rows',
    'number_rows',
    'result_curves',
    'roc_svg',
    'screen_table',
    'write_report',
]
