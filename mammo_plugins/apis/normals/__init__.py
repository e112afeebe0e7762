"""Normal images that a model made, against the true ones."""

from .scoring import METHODS, NormalScores, sample_normals, score_normals
from .truth import NORMALS, TruePair, read_true_pairs

__all__ = ['METHODS', 'NORMALS', 'NormalScores', 'TruePair', 'read_true_pairs', 'sample_normals', 'score_normals']
