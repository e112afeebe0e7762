"""Predicted labels in words and tables of the HTML report."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mammo_plugins.evaluation import LabelPredictions
from mammo_plugins.evaluation.label_truth import label_key
from mammo_plugins.io import ImageRecord
from mammo_plugins.visualization.result_table import Row

UNIT_NAMES = {'View': 'image', 'Side': 'breast', 'Pair': 'pair of breasts'}


def label_text(labels: Mapping[str, float]) -> str:
    """``malignant 0.62, density B (0.40)``: the probability of a label, or the most probable of its classes.

    Args:
        labels: as in ``pred_labels``; NaN is not predicted, and not shown.
    """
    best: dict[str, tuple[str, float]] = {}
    for name, probability in labels.items():
        label, is_class, value = name.partition('=')
        if not math.isnan(probability) and (label not in best or probability > best[label][1]):
            best[label] = (f'{label} {value} ({probability:.2f})' if is_class else f'{label} {probability:.2f}',
                           probability)  # fmt: skip
    return ', '.join(text for text, _ in best.values())


def label_table(labels: LabelPredictions) -> tuple[str, list[Row]]:
    """A caption, and a row an image, breast or pair, for :func:`~mammo_plugins.visualization.write_report`."""
    rows = [
        {'Case': str(key)} | {name: _probability(values[row]) for name, values in labels.columns.items()}
        for row, key in enumerate(labels.keys)
    ]
    return f'Labels of each {UNIT_NAMES[labels.unit]}', rows


def _probability(value: float) -> str:
    return '' if math.isnan(value) else f'{value:.3f}'


class LabelTexts:
    """Predicted labels of a file in words.

    Args:
        predictions: of images, breasts or pairs.
    """

    def __init__(self, predictions: LabelPredictions) -> None:
        self._unit = predictions.unit
        self._texts = {
            key: label_text({name: values[row] for name, values in predictions.columns.items()})
            for row, key in enumerate(predictions.keys)
        }

    def of_image(self, image: ImageRecord) -> str:
        """Those of an image, or of the pair that it belongs to; empty where there are none."""
        if self._unit == 'Side':
            return ''
        key = label_key(image, self._unit)
        text = self._texts.get(key._replace(modality=image.modality)) or self._texts.get(key, '')
        return f'pair: {text}' if text and self._unit == 'Pair' else text

    def of_breast(self, image: ImageRecord) -> str:
        """Those of the breast that an image shows; empty where there are none."""
        return self._texts.get(label_key(image, 'Side'), '') if self._unit == 'Side' else ''
