"""Studies: every row of a paper's tables, trained on synthetic breasts over several seeds, compared and printed."""

from .catalogue import find_study
from .run import StudyResult, run_study

__all__ = ['StudyResult', 'find_study', 'run_study']
