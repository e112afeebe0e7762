"""``mammo predict``: findings, labels and saliency maps of files that a user has."""

from mammo_plugins.apis.found_images import find_images

from .prediction import PredictionRun, predict

__all__ = ['PredictionRun', 'find_images', 'predict']
