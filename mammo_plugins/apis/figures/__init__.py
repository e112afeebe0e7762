"""``mammo figures``: what several models find, side by side."""

from .drawing import FigureModel, draw_figures

__all__ = ['FigureModel', 'draw_figures']
