"""The sample that flows through training: the images that are read together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import BaseDataElement, LabelData

from .sample_predictions import checked_labels

Movable = TypeVar('Movable', DetDataSample, torch.Tensor)


class MammoCaseSample(BaseDataElement):
    """One case: a breast seen in one or two views, or whatever images the data set reads together.

    Meta information (set by the packing transform):
        case_id, patient_id, study_uid (str): what the case is called in tables and reports.
        laterality (str): ``L``, ``R``, or ``B`` for both breasts.
        group_by (str): what the views are to one another: ``image``, ``breast``, ``modalities`` or ``bilateral``.
        complete (bool): false where an image that belongs to the case is missing.
        annotated (bool): false for a malignant breast without boxes, which trains the image-level losses only.

    Data:
        views (list[DetDataSample]): one sample a view, one or more. Each holds ``gt_instances`` with ``bboxes`` (n, 4)
            xyxy in network pixels, ``labels`` (n,), ``slices`` (n,) bin index, or -1 where no slice is annotated, on
            request ``masks``; ``gt_labels`` (dict[str, float]), image labels, NaN where unknown; and the meta keys
            ``image_id``, ``view`` (``L-CC``), ``homography_matrix`` (3, 3) stored to network pixels, ``slice_bins``
            (:class:`~mammo_plugins.structures.SliceBins`), ``num_slices`` (bins), ``img_shape``, ``ori_shape``,
            ``annotated`` and, where ``LocateLandmarks`` ran, ``landmarks``
            (:class:`~mammo_plugins.structures.breast_landmarks.BreastLandmarks` in stored pixels) and, where
            ``CropFinding`` ran, ``finding_xyxy``, in stored pixels, None where it found nothing. Predicting adds
            ``pred_instances`` (see :class:`~mammo_plugins.models.detectors.MultiViewSparseRCNN`) and
            ``pred_malignancy`` by detectors; ``pred_instances`` have ``lesions`` (n,) where a model matches findings of
            a breast: the same number from 1 in both views for one lesion, 0 for the others. Further ``pred_labels``
            (dict[str, float]) by classifiers, ``pred_saliency`` (class to (h, w) tensor in [0, 1] that covers
            ``img_shape``) by whatever gives maps, ``pred_pictures`` (name to (h, w) tensor in [0, 1]) by models that
            make images, ``pred_further_saliency`` (name to maps as in ``pred_saliency``) and ``pred_patches``
            (``bboxes`` (K, 4) xyxy in stored pixels and, where they are weighted, ``weights`` (K,)) by models that look
            at parts of an image, ``pred_note`` (str), how its prediction came about, by models that know several ways
            and transforms of their input; ``sample_predictions`` sets the latter six. Training on synthetic findings
            has ``synthetic``, the image (1, 1, H, W) with findings put in.
        gt_malignancy (LabelData): ``breast`` () and ``views`` (V,) float tensors, 1 for malignant, NaN where unknown.
        gt_labels (dict[str, float]): labels of the case, NaN where unknown.
        pred_malignancy (float): predicted malignancy of the breast.
        pred_labels (dict[str, float]): predicted labels of the case; see :func:`~.sample_predictions.checked_labels`.
    """

    @property
    def views(self) -> list[DetDataSample]:
        return self._views

    @views.setter
    def views(self, value: list[DetDataSample]) -> None:
        if not value:
            raise ValueError('a case has at least one view, got none')
        self.set_field(list(value), '_views', dtype=list)

    @property
    def gt_malignancy(self) -> LabelData:
        return self._gt_malignancy

    @gt_malignancy.setter
    def gt_malignancy(self, value: LabelData) -> None:
        self.set_field(value, '_gt_malignancy', dtype=LabelData)

    @property
    def pred_labels(self) -> dict[str, float]:
        return self._pred_labels

    @pred_labels.setter
    def pred_labels(self, value: Mapping[str, float | torch.Tensor]) -> None:
        self.set_field(checked_labels(value), '_pred_labels', dtype=dict)

    def to(self, *args, **kwargs) -> MammoCaseSample:
        """The sample with every tensor, those of its views included, moved as :meth:`torch.Tensor.to` moves."""
        return self._with_views(super().to(*args, **kwargs), lambda part: part.to(*args, **kwargs))

    def cpu(self) -> MammoCaseSample:
        return self._with_views(super().cpu(), lambda part: part.cpu())

    def cuda(self) -> MammoCaseSample:
        return self._with_views(super().cuda(), lambda part: part.cuda())

    def detach(self) -> MammoCaseSample:
        return self._with_views(super().detach(), lambda part: part.detach())

    def _with_views(self, moved: MammoCaseSample, move: Callable[[Movable], Movable]) -> MammoCaseSample:
        if 'views' in self:
            moved.views = [_moved_view(view, move) for view in self.views]
        return moved


def _moved_view(view: DetDataSample, move: Callable[[Movable], Movable]) -> DetDataSample:
    """A view moved with its maps and pictures, which mmengine does not reach in their dictionaries."""
    moved = move(view)
    for field in ('pred_saliency', 'pred_pictures'):
        if field in view:
            moved.set_field(_moved_planes(view.get(field), move), field)
    if 'pred_further_saliency' in view:
        further = {name: _moved_planes(planes, move) for name, planes in view.pred_further_saliency.items()}
        moved.set_field(further, 'pred_further_saliency')
    return moved


def _moved_planes(planes: Mapping[str, torch.Tensor], move: Callable[[Movable], Movable]) -> dict[str, torch.Tensor]:
    return {name: move(plane) for name, plane in planes.items()}


def malignancy_label(breast: float, views: list[float]) -> LabelData:
    """Packs the malignancy of a breast and of its views, NaN where unknown."""
    return LabelData(breast=torch.tensor(float(breast)), views=torch.tensor(views, dtype=torch.float32))
