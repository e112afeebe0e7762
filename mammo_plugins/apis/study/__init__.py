"""Studies: every row of a paper's tables, trained on synthetic breasts over several seeds, compared and printed."""

from .run import STUDIES, StudyResult, run_study

__all__ = ['STUDIES', 'StudyResult', 'run_study']
