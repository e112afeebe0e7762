"""How well masses of CC and MLO are matched, whatever finds them."""

from .accuracy import LANDMARKS, matching_accuracy

__all__ = ['LANDMARKS', 'matching_accuracy']
