"""Any detector of mmdet on mammograms and tomosynthesis."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import ConfigType, OptConfigType
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mammo_plugins.structures.case_sample import MammoCaseSample

from ..auxiliary.auxiliary_tasks import AuxiliaryTasks, kept_output
from .view_results import bin_reach, merge_slice_results, store_results

_SCORES = ('max', 'noisy-or')


@MODELS.register_module()
class MammogramDetector(BaseDetector):
    """A detector of mmdet that trains and predicts on breasts, each image by itself.

    On one slice (FFDM, SM, or a projection of a volume) it computes what the detector computes in mmdet. A volume is
    read slice by slice: in training a finding is on the slices that its annotation names, else on those that it
    reaches from its annotated slice (``slice_reach``), else on all; in prediction the findings of its slices merge.

    Images of malignant breasts without boxes (``annotated`` false) are left out of the loss. A batch of nothing else
    has a loss of zero, with gradients of zero for every parameter.

    The malignancy of an image comes from all boxes that its detector scores, those below its score threshold too, so
    that an image on which nothing is found has one; that of a volume is the highest of its slices.

    Source: of the merging, Buda et al., JAMA Network Open 2021, as taken up by M&M-3D, section 4.2.

    Args:
        detector: config of the detector as in mmdet. Its own ``data_preprocessor`` is not used.
        data_preprocessor: a ``CaseDataPreprocessor``, which repeats the grey image in three channels.
        slice_strategy: ``each`` reads volumes slice by slice, ``single`` refuses them.
        malignant_class: label whose scores make the malignancy of an image.
        image_score: ``max``, the highest malignant score, or ``noisy-or`` of all malignant scores after suppression.
        min_iou: findings of slices whose 3-D boxes overlap by more than this merge.
        max_score_ratio: findings merge with one that scores at most so many times as high.
        max_per_img: findings kept of a volume.
        slices_at_once: slice images that go through the detector at once in prediction.
        images_together: the images of a case, which lie on one grid and have one slice each, go through the detector
            as one input, the channels of the second after those of the first. It learns from the findings of the
            first, and what it finds is stored for each of them.
        auxiliary: configs of tasks that train the detector's backbone too, on annotated images; see
            ``models.auxiliary``.
        init_cfg: as for ``mmengine.BaseModule``.

    Raises:
        ValueError: an argument is out of range, or there are auxiliary tasks and the detector has no ``backbone``.
    """

    def __init__(
        self,
        detector: ConfigType,
        data_preprocessor: OptConfigType = None,
        slice_strategy: str = 'each',
        malignant_class: int = 0,
        image_score: str = 'max',
        min_iou: float = 0.5,
        max_score_ratio: float = 10.0,
        max_per_img: int = 100,
        slices_at_once: int = 4,
        images_together: bool = False,
        auxiliary: Sequence[dict] = (),
        init_cfg: OptConfigType = None,
    ) -> None:
        super().__init__(data_preprocessor or dict(type='CaseDataPreprocessor'), init_cfg)
        if slice_strategy not in ('each', 'single'):
            raise ValueError(f"slice_strategy must be 'each' or 'single', got {slice_strategy!r}")
        if image_score not in _SCORES:
            raise ValueError(f"image_score must be 'max' or 'noisy-or', got {image_score!r}")
        if slices_at_once < 1:
            raise ValueError(f'slices_at_once must be at least 1, got {slices_at_once}')
        detector = copy.deepcopy(detector)
        detector.pop('data_preprocessor', None)
        self.detector = MODELS.build(detector)
        self.num_classes = _num_classes(self.detector)
        if self.num_classes is not None and not 0 <= malignant_class < self.num_classes:
            raise ValueError(f'malignant_class {malignant_class} is outside the {self.num_classes} classes')
        self.slice_strategy, self.image_score = slice_strategy, image_score
        self.malignant_class = malignant_class
        self.min_iou, self.max_score_ratio = min_iou, max_score_ratio
        self.max_per_img, self.slices_at_once = max_per_img, slices_at_once
        self.images_together = images_together
        if auxiliary and not hasattr(self.detector, 'backbone'):
            raise ValueError(f'auxiliary tasks train a backbone, and {type(self.detector).__name__} has none')
        if auxiliary:
            self.auxiliary = AuxiliaryTasks(auxiliary, self.detector.backbone)

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """Feature levels of slice images."""
        return self.detector.extract_feat(batch_inputs)

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample]) -> dict[str, Tensor]:
        """The detector's losses on the slice images (N, C, H, W) of annotated views."""
        batch_inputs, views = self._inputs_and_views(batch_inputs, batch_data_samples)
        samples = [sample for view in views for sample in self._training_samples(view)]
        needs_boxes = getattr(self.detector, 'learns_from_boxes', True)
        chosen = [index for index, sample in enumerate(samples) if sample.annotated or not needs_boxes]
        if chosen:
            return self._losses(batch_inputs[chosen], [samples[index] for index in chosen])
        # Computed and multiplied by zero, so that processes of one run exchange the same numbers and names.
        losses = self._losses(batch_inputs, samples)
        nothing = 0.0 * sum(parameter.sum() for parameter in self.parameters() if parameter.requires_grad)
        return {name: _times_zero(value, nothing) for name, value in losses.items()}

    def _losses(self, inputs: Tensor, samples: list[DetDataSample]) -> dict[str, Tensor]:
        """Those of the detector and of auxiliary tasks."""
        if not hasattr(self, 'auxiliary'):
            return self.detector.loss(inputs, samples)
        with kept_output(self.detector.backbone) as outputs:
            losses = self.detector.loss(inputs, samples)
        return losses | self.auxiliary.loss(self.detector.backbone, outputs[0], inputs, samples)

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample], rescale: bool = True
    ) -> list[MammoCaseSample]:
        """Predicts findings and malignancy of each image; what is stored is that of ``MultiViewSparseRCNN``.

        Each view goes through the detector without the air that larger images of the batch bring.

        Args:
            batch_inputs: (slice images, C, H, W).
            batch_data_samples: the breasts.
            rescale: give stored pixels and slices of the source file rather than network pixels and slice bins.
        """
        self._checked_views(batch_inputs, batch_data_samples)
        slices = [sum(view.num_slices for view in case.views) for case in batch_data_samples]
        for case, inputs in zip(batch_data_samples, batch_inputs.split(slices)):
            inputs, views = self._inputs_and_views(inputs, [case])
            starts = accumulate((view.num_slices for view in views), initial=0)
            results = [self._predict_view(inputs, start, view) for start, view in zip(starts, views)]
            if self.images_together:
                results = [results[0].new() for _ in case.views]
            store_results(case, results, rescale)
        return batch_data_samples

    def _forward(self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample]) -> tuple:
        batch_inputs, views = self._inputs_and_views(batch_inputs, batch_data_samples)
        return self.detector._forward(batch_inputs, [_slice_sample(view) for view in views for _ in _slices(view)])

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        """Takes weights of the detector itself too, as mmdet saves them."""
        own = [name for name in state_dict if name.startswith(prefix)]
        if own and not any(name.startswith(f'{prefix}detector.') for name in own):
            for name in own:
                state_dict[f'{prefix}detector.{name[len(prefix) :]}'] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _inputs_and_views(
        self, batch_inputs: Tensor, cases: list[MammoCaseSample]
    ) -> tuple[Tensor, list[DetDataSample]]:
        """What goes through the detector, and the view that each part of it is of."""
        views = self._checked_views(batch_inputs, cases)
        if not self.images_together:
            return batch_inputs, views
        counts = {len(case.views) for case in cases}
        if len(counts) > 1 or any(view.num_slices > 1 for view in views):
            raise ValueError(
                f'images_together needs cases of equally many images of one slice, got {sorted(counts)} images and up '
                f"to {max(view.num_slices for view in views)} slices: set incomplete='drop' and num_slices=1"
            )
        (count,) = counts
        if any(len({tuple(view.img_shape[:2]) for view in case.views}) > 1 for case in cases):
            raise ValueError('images_together needs the images of a case on one grid: put ShareGrid into the pipeline')
        return batch_inputs.unflatten(0, (-1, count)).flatten(1, 2), [case.views[0] for case in cases]

    def _checked_views(self, batch_inputs: Tensor, cases: list[MammoCaseSample]) -> list[DetDataSample]:
        views = [view for case in cases for view in case.views]
        total = sum(view.num_slices for view in views)
        if len(batch_inputs) != total:
            raise ValueError(f'{len(batch_inputs)} slice images for views that have {total} slices in all')
        for view in views:
            if self.slice_strategy == 'single' and view.num_slices > 1:
                raise ValueError(
                    f"image {view.image_id} has {view.num_slices} slices: slice_strategy='single' needs "
                    "num_slices=1 in LoadMammogram, or use slice_strategy='each'"
                )
        return views

    def _training_samples(self, view: DetDataSample) -> list[DetDataSample]:
        """One sample a slice, with the findings that are on it."""
        truth = view.gt_instances
        highest = int(truth.labels.max()) if len(truth.labels) else 0
        if self.num_classes is not None and highest >= self.num_classes:
            raise ValueError(
                f'image {view.image_id} has a finding of class {highest}, and the head of '
                f'{type(self.detector).__name__} has num_classes={self.num_classes}: give it the number of classes of '
                'the data set'
            )
        first, last = _visible_slices(view)
        samples = []
        for index in _slices(view):
            sample = _slice_sample(view)
            shown = (first <= index) & (index <= last) & view.annotated
            sample.gt_instances = InstanceData(bboxes=truth.bboxes[shown], labels=truth.labels[shown])
            if 'masks' in truth:
                sample.gt_instances.masks = truth.masks[shown.cpu().numpy()]
            samples.append(sample)
        return samples

    def _predict_view(self, batch_inputs: Tensor, start: int, view: DetDataSample) -> InstanceData:
        divisor = self.data_preprocessor.pad_size_divisor
        height, width = (math.ceil(side / divisor) * divisor for side in view.img_shape[:2])
        inputs = batch_inputs[start : start + view.num_slices, :, :height, :width]
        found: list[InstanceData] = []
        for part in inputs.split(self.slices_at_once):
            samples = [_slice_sample(view) for _ in part]
            for sample in samples:
                sample.set_metainfo(dict(batch_input_shape=(height, width), pad_shape=(height, width)))
            found.extend(self._detect(part, samples))
        if len(found) == 1:
            (result,) = found
            result.slices = torch.zeros_like(result.labels)
            result.slice_weights = result.scores.new_ones(len(result.scores), 1)
            return result
        for index, result in enumerate(found):
            result.slices = torch.full_like(result.labels, index)
        return merge_slice_results(found, view, self.min_iou, self.max_score_ratio, self.max_per_img)

    def _detect(self, inputs: Tensor, samples: list[DetDataSample]) -> list[InstanceData]:
        """Findings of slice images, with their malignancy from boxes of all scores."""
        with _features_once(self.detector):
            found = _instances(self.detector.predict(inputs, copy.deepcopy(samples), rescale=False))
            with _without_threshold(self.detector) as had_one:
                scored = found
                if had_one:
                    scored = _instances(self.detector.predict(inputs, samples, rescale=False))
        for result, of_all in zip(found, scored):
            result.set_metainfo(dict(malignancy=self._malignancy(of_all)))
        return found

    def _malignancy(self, scored: InstanceData) -> float:
        scores = scored.scores[scored.labels == self.malignant_class].double()
        if not len(scores):
            return 0.0
        if self.image_score == 'max':
            return float(scores.max())
        return float(-torch.expm1(torch.log1p(-scores.clamp(max=1 - 1e-15)).sum()))


def _instances(samples: list[DetDataSample]) -> list[InstanceData]:
    """Findings of slice images, each with the note of its sample as meta item ``note`` where there is one."""
    return [
        InstanceData(
            metainfo={'note': sample.pred_note} if 'pred_note' in sample else None,
            bboxes=sample.pred_instances.bboxes,
            scores=sample.pred_instances.scores,
            labels=sample.pred_instances.labels,
        )
        for sample in samples
    ]


def _slices(view: DetDataSample) -> range:
    return range(view.num_slices)


def _slice_sample(view: DetDataSample) -> DetDataSample:
    """A sample of one slice, with the meta items that detectors of mmdet ask for."""
    return DetDataSample(metainfo={**view.metainfo, 'img_id': view.image_id, 'scale_factor': (1.0, 1.0)})


def _visible_slices(view: DetDataSample) -> tuple[Tensor, Tensor]:
    """First and last slice bin, (n,) each, on which each finding of a view is taken to be seen."""
    truth, last_slice = view.gt_instances, view.num_slices - 1
    slices = truth.slices
    reach = torch.as_tensor(bin_reach(truth.bboxes.double().cpu().numpy(), view), device=slices.device).long()
    known = slices >= 0
    first = torch.where(known, (slices - reach).clamp(min=0), torch.zeros_like(slices))
    last = torch.where(known, (slices + reach).clamp(max=last_slice), torch.full_like(slices, last_slice))
    if 'slice_ranges' in truth:
        named = (truth.slice_ranges >= 0).all(dim=1)
        first = torch.where(named, truth.slice_ranges[:, 0], first)
        last = torch.where(named, truth.slice_ranges[:, 1], last)
    return first, last


def _times_zero(value: Tensor | list[Tensor], nothing: Tensor) -> Tensor | list[Tensor]:
    if isinstance(value, Tensor):
        return 0.0 * value + nothing
    return [_times_zero(part, nothing) for part in value]


def _num_classes(detector: nn.Module) -> int | None:
    """Classes of the box head, None where it does not say."""
    for name, module in detector.named_modules():
        if 'bbox_head' in name and hasattr(module, 'num_classes'):
            return module.num_classes
    return None


@contextmanager
def _features_once(detector: BaseDetector) -> Iterator[None]:
    """Keeps the features of one batch, which is detected twice."""
    kept: list = []
    original = detector.extract_feat

    def extract_feat(*args, **kwargs):
        if not kept:
            kept.append(original(*args, **kwargs))
        return kept[0]

    detector.extract_feat = extract_feat
    try:
        yield
    finally:
        del detector.extract_feat


@contextmanager
def _without_threshold(detector: nn.Module) -> Iterator[bool]:
    """Lets boxes of all scores through; gives whether there was a threshold at all."""
    configs = [getattr(module, 'test_cfg', None) for module in detector.modules()]
    configs = {id(config): config for config in configs if isinstance(config, dict) and config.get('score_thr')}
    thresholds = {key: config['score_thr'] for key, config in configs.items()}
    for config in configs.values():
        config['score_thr'] = -1.0
    try:
        yield bool(configs)
    finally:
        for key, config in configs.items():
            config['score_thr'] = thresholds[key]
