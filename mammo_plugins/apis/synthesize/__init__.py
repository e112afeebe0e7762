"""``mammo synthesize``: synthetic mammograms of tomosynthesis volumes, for data sets that have none."""

from .run import SynthesisRun, synthesize

__all__ = ['SynthesisRun', 'synthesize']
