"""``mammo stages``: a declared list of trainings, tests and commands that take files from one another."""

from .plan import Plan, make_plan, read_plan
from .records import StageFolder, StageRecord
from .running import run_stages
from .table import plan_table

__all__ = ['Plan', 'StageFolder', 'StageRecord', 'make_plan', 'plan_table', 'read_plan', 'run_stages']
