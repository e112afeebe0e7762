"""T-SYNTH: simulated mammograms, tomosynthesis and C-Views of the FDA."""

from .conversion import convert_t_synth

__all__ = ['convert_t_synth']
