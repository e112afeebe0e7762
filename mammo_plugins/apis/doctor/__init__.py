"""``mammo doctor``: what is installed, and the fix."""

from .checks import run_doctor

__all__ = ['run_doctor']
