"""What a model says beside boxes: labels of images and cases, saliency maps of images, and how they came about."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from mmdet.structures import DetDataSample
from torch import Tensor

_SUM_TOLERANCE = 1e-3  # of the probabilities of all classes of a label


def checked_labels(labels: Mapping[str, float | Tensor]) -> dict[str, float]:
    """Predicted labels as plain numbers.

    Args:
        labels: name to probability, NaN where not predicted. A label that is there or not has one name
            (``malignant``); one with classes has a name a class, in order (``birads=1``, ``birads=2``, ...), whose
            probabilities add up to 1.

    Raises:
        ValueError: there is no label, a value is no probability, or those of the classes do not add up to 1.
    """
    found = {str(name): float(value) for name, value in labels.items()}
    if not found:
        raise ValueError('pred_labels is empty: give a probability a label, or leave it unset')
    for name, value in found.items():
        if not (math.isnan(value) or 0 <= value <= 1):
            raise ValueError(f'predicted label {name!r} is {value}, which is no probability: apply sigmoid or softmax')
    sums: dict[str, float] = {}
    for name, value in found.items():
        label, is_class, _ = name.partition('=')
        if is_class:
            sums[label] = sums.get(label, 0.0) + value
    for label, total in sums.items():
        if not math.isnan(total) and abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f'the classes of the predicted label {label!r} add up to {total:g}, not to 1: use softmax')
    return found


def store_labels(view: DetDataSample, labels: Mapping[str, float | Tensor]) -> None:
    """Sets ``pred_labels`` of an image; those of a case are set as ``case.pred_labels = labels``.

    Raises:
        ValueError: see :func:`checked_labels`.
    """
    view.set_field(checked_labels(labels), 'pred_labels')


def store_note(view: DetDataSample, note: str) -> None:
    """Sets ``pred_note`` of an image: how its prediction came about, where the same weights know several ways.

    Tables of findings have it in the column ``ImageNote``, reports beside the image; ``mammo predict`` and the metric
    of saliency maps count it (:func:`note_sentences`).

    Args:
        view: the image.
        note: a few words on one line, such as ``SM features and FFDM features from the FFDM``.

    Raises:
        ValueError: the note is empty or has several lines.
    """
    if not note.strip() or len(note.splitlines()) > 1:
        raise ValueError(f'pred_note is a few words on one line, got {note!r}')
    view.set_field(note.strip(), 'pred_note', dtype=str)


def note_sentences(counts: Mapping[str, int], num_images: int) -> list[str]:
    """Sentences that say how predictions came about.

    Args:
        counts: ``pred_note`` to the number of images that have it.
        num_images: how many images there are.
    """
    return [f'{count} of {num_images} images are predicted from {note}.' for note, count in counts.items()]


def store_pictures(view: DetDataSample, pictures: Mapping[str, Tensor]) -> None:
    """Sets ``pred_pictures`` of an image: pictures that a model makes of it, such as what it would be without findings.

    Args:
        view: the image; a picture covers its ``img_shape`` in the frame of the network, from edge to edge.
        pictures: name (``normal``) to (h, w) intensities in [0, 1].

    Raises:
        ValueError: there is no picture, it is not two-dimensional, or its values leave [0, 1].
    """
    _store_planes(view, 'pred_pictures', 'picture', pictures)


def store_saliency(view: DetDataSample, maps: Mapping[str, Tensor]) -> None:
    """Sets ``pred_saliency`` of an image.

    Args:
        view: the image; a map covers its ``img_shape`` in the frame of the network, from edge to edge. Cut off what a
            map says of the padding of a batch before.
        maps: class (``malignant``, ``benign``, a finding type such as ``mass``, or ``any``) to (h, w) saliency in
            [0, 1], of any size.

    Raises:
        ValueError: there is no map, it is not two-dimensional, or its values leave [0, 1].
    """
    _store_planes(view, 'pred_saliency', 'saliency map', maps)


def _store_planes(view: DetDataSample, name: str, what: str, planes: Mapping[str, Tensor]) -> None:
    if not planes:
        raise ValueError(f'{name} is empty: name a {what}, or leave it unset')
    for key, plane in planes.items():
        if plane.ndim != 2 or not plane.numel():
            raise ValueError(f'{what} {key!r} must be (h, w), got the shape {tuple(plane.shape)}')
        if not bool(torch.all((plane >= 0) & (plane <= 1))):
            raise ValueError(f'{what} {key!r} must lie in [0, 1] and not be NaN: apply sigmoid')
    view.set_field({str(key): plane for key, plane in planes.items()}, name)
