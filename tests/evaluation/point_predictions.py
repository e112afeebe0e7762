"""Predictions of small boxes around given points."""

from mammo_plugins.evaluation import ImageKey, ImagePredictions, gather_predictions


def predicted(*rows):
    """Predictions of 10 x 10 pixels around ``(patient, x, y, score)``."""
    by_patient = {}
    for patient, x, y, score in rows:
        by_patient.setdefault(patient, []).append((x - 5, y - 5, x + 5, y + 5, score))
    return gather_predictions(
        ImagePredictions(
            ImageKey(patient, 's1', 'lcc'), [row[:4] for row in found], [0] * len(found), [row[4] for row in found]
        )
        for patient, found in by_patient.items()
    )
