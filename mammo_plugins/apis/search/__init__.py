"""``mammo search``: random search over fields of the configs of a plan."""

from .running import best_trial, draw_trials, run_search
from .search_file import Search, read_search
from .table import trials_table

__all__ = ['Search', 'best_trial', 'draw_trials', 'read_search', 'run_search', 'trials_table']
