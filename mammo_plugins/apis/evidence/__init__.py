"""``mammo evidence``: an evaluation that is fixed before it is scored, and what can be handed in of it."""

from .freezing import PlanOptions, freeze_plan
from .ledger import LedgerError, ledger_path, read_ledger
from .plan import EvidencePlan, PlanError, read_plan

__all__ = [
    'EvidencePlan',
    'LedgerError',
    'PlanError',
    'PlanOptions',
    'freeze_plan',
    'ledger_path',
    'read_ledger',
    'read_plan',
]
