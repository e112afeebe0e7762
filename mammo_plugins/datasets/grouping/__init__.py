"""What is read together: which images make a case. One module a way, behind :func:`group_cases`."""

from .case_counts import count_cases
from .case_group import AMBIGUOUS, COMPLETE, MISSING, CaseGroup
from .group_cases import GROUP_BY, group_cases

__all__ = ['AMBIGUOUS', 'COMPLETE', 'GROUP_BY', 'MISSING', 'CaseGroup', 'count_cases', 'group_cases']
