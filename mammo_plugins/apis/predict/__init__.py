"""``mammo predict``: findings, labels and maps of files that a user has."""

from mammo_plugins.apis.found_images import find_images

from .finishing import PredictionRun
from .prediction import predict

__all__ = ['PredictionRun', 'find_images', 'predict']
