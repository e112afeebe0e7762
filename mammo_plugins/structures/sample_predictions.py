"""What a model says beside boxes: labels of images and cases, maps and patches of images, and how they came about."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from .geometry import project_boxes

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


def store_further_saliency(view: DetDataSample, name: str, maps: Mapping[str, Tensor]) -> None:
    """Adds to ``pred_further_saliency`` of an image: other maps that its model has beside those that are scored.

    ``mammo predict`` and ``mammo test`` write them into a folder of their own, reports show them on request.

    Args:
        view: the image.
        name: what they are, a word that can name a folder, such as ``global``.
        maps: as for :func:`store_saliency`.

    Raises:
        ValueError: the name is no such word, or as for :func:`store_saliency`.
    """
    if not name.isidentifier():
        raise ValueError(f'further saliency maps need a name of letters, digits and _, got {name!r}')
    checked = _checked_planes('pred_further_saliency', 'saliency map', maps)
    view.set_field({**view.get('pred_further_saliency', {}), name: checked}, 'pred_further_saliency')


def store_patches(view: DetDataSample, boxes_xyxy: Tensor, weights: Tensor | None = None) -> None:
    """Sets ``pred_patches`` of an image: the parts of it that its model looked at closely.

    They are ``bboxes`` (K, 4) xyxy in stored pixels and, where they are weighted, ``weights`` (K,). A patch may reach
    beyond the image, as the window of a network does.

    Args:
        view: the image, with ``homography_matrix``.
        boxes_xyxy: (K, 4) in the frame of the network, in the order in which they were chosen.
        weights: (K,) what part each has in the prediction; None where they have none.

    Raises:
        ValueError: the shapes do not fit, or a weight is no number from 0 to 1.
    """
    if boxes_xyxy.ndim != 2 or (weights is not None and weights.shape != boxes_xyxy.shape[:1]):
        got = tuple(boxes_xyxy.shape), None if weights is None else tuple(weights.shape)
        raise ValueError(f'pred_patches are boxes (K, 4) and weights (K,), got {got[0]} and {got[1]}')
    if weights is not None and not bool(torch.all((weights >= 0) & (weights <= 1))):
        raise ValueError(f'weights of patches lie in [0, 1], got {weights.tolist()}: apply softmax')
    back = np.linalg.inv(np.asarray(view.homography_matrix, np.float64))
    # A GPU of another make may know no doubles; a few boxes are moved on the CPU.
    patches = InstanceData(bboxes=project_boxes(boxes_xyxy.detach().cpu().double(), back).float())
    if weights is not None:
        patches.weights = weights.detach().cpu().float()
    view.set_field(patches, 'pred_patches', dtype=InstanceData)


def _store_planes(view: DetDataSample, name: str, what: str, planes: Mapping[str, Tensor]) -> None:
    view.set_field(_checked_planes(name, what, planes), name)


def _checked_planes(name: str, what: str, planes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if not planes:
        raise ValueError(f'{name} is empty: name a {what}, or leave it unset')
    for key, plane in planes.items():
        if plane.ndim != 2 or not plane.numel():
            raise ValueError(f'{what} {key!r} must be (h, w), got the shape {tuple(plane.shape)}')
        if not bool(torch.all((plane >= 0) & (plane <= 1))):
            raise ValueError(f'{what} {key!r} must lie in [0, 1] and not be NaN: apply sigmoid')
    return {str(key): plane for key, plane in planes.items()}
