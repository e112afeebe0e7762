"""The data set of breasts: annotation files in, packed cases out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mammo_plugins.io.coco_volume import CATEGORIES

from .annotated_image import AnnotatedImage, read_annotated_images
from .case_assembly import describe_case, describe_view
from .case_draw import CaseDraw
from .case_filter import CaseFilter
from .case_grouping import group_cases
from .patient_subset import PatientSubset
from .view_loader import ImageLoadingError, ViewLoader, build_transforms

ON_ERROR = ('raise', 'skip-report')


@DATASETS.register_module()
class CaseDataset(BaseDataset):
    """Breasts with one or two views each, FFDM, SM or DBT. Breasts without a finding are part of the data.

    A case is loaded image by image by ``loading`` (deterministic, cacheable), then passes ``pipeline`` (random, ends
    with packing). ``case_assembly`` lists the keys that transforms see.

    Random transforms draw from ``results['rng']``. Indexed by a :class:`~mammo_plugins.datasets.case_draw.CaseDraw`
    (what ``BalancedCaseSampler`` yields) the generator depends on the seed and the draw alone; indexed by a plain
    integer in training it is seeded from numpy's global state, which mmengine seeds once a worker; in ``test_mode``
    there is none, and a random transform is an error.

    Args:
        ann_file: one or several annotation files, absolute or relative to ``data_root``; joined in this order.
        modality: one or several of ``FFDM``, ``SM``, ``DBT``; None takes all.
        split: one or several of ``train``, ``validation``, ``test``; None takes all.
        classes: categories that are targets, in the order of their labels. Other findings count as background.
        loading: transforms of a view that give its image.
        pipeline: transforms of a case.
        single_views: make each image a case of its own.
        filter_cfg: arguments of :class:`~mammo_plugins.datasets.case_filter.CaseFilter`; None keeps every case.
        subset: arguments of :class:`~mammo_plugins.datasets.patient_subset.PatientSubset`; None keeps all patients.
        cache_in_memory: keep the loaded images, S x H x W x 2 bytes each in each process (see ``view_loader``).
        volume_cache: folder of ``tools/cache_volumes.py``. Images that are prepared there are read from it, all others
            from their files, with the same result; the log says how many are which.
        on_error: ``raise``: an image that cannot be loaded stops the run, with its file and the reason.
            ``skip-report``: each image is loaded once at the start, and those that cannot be are listed in the log
            and in ``unreadable``, and are left out for the whole run.
        data_root: folder that ``ann_file`` is relative to. Image files are found from the annotation file.
        metainfo: further facts about the data; ``classes`` is added.
        **kwargs: ``test_mode``, ``indices``, ``lazy_init`` and ``serialize_data`` of
            :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: an annotation file is missing.
        ValueError: an argument is unknown, or no case is left.
    """

    METAINFO: dict = dict(task_name='breast_detection')

    def __init__(
        self,
        ann_file: str | Sequence[str],
        modality: str | Sequence[str] | None = None,
        split: str | Sequence[str] | None = None,
        classes: Sequence[str] = ('malignant',),
        loading: Sequence[dict | Callable] = (),
        pipeline: Sequence[dict | Callable] = (),
        single_views: bool = False,
        filter_cfg: Mapping[str, Any] | None = None,
        subset: Mapping[str, Any] | None = None,
        cache_in_memory: bool = False,
        volume_cache: str | Path | None = None,
        on_error: str = 'raise',
        data_root: str = '',
        metainfo: Mapping[str, Any] | None = None,
        **kwargs,
    ) -> None:
        if unknown := set(classes) - set(CATEGORIES):
            raise ValueError(f'unknown classes {sorted(unknown)}: annotation files have {", ".join(CATEGORIES)}')
        if on_error not in ON_ERROR:
            raise ValueError(f'on_error is one of {", ".join(ON_ERROR)}, got {on_error!r}')
        self.modality, self.split, self.classes = modality, split, tuple(classes)
        self.single_views, self.on_error = single_views, on_error
        self.unreadable: dict[str, str] = {}  # file to reason
        self._case_filter = CaseFilter(**(filter_cfg or {}))
        self._subset = PatientSubset(**(subset or {}))
        self._load_view = ViewLoader(build_transforms(loading), cache_in_memory, volume_cache)
        super().__init__(
            ann_file=[ann_file] if isinstance(ann_file, str) else list(ann_file),
            metainfo={**(metainfo or {}), 'classes': self.classes},
            data_root=data_root,
            data_prefix={},
            filter_cfg=filter_cfg,
            pipeline=build_transforms(pipeline),
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """The cases, images not loaded yet."""
        images = read_annotated_images(self.ann_file, self.modality, self.split)
        images = self._subset.select(self._case_filter.select_images(images))
        if self.on_error == 'skip-report':
            images = self._readable(images)
        groups = group_cases(images, self.single_views)
        cases = self._case_filter.select_cases([describe_case(group, self.classes) for group in groups])
        if not cases:
            raise ValueError(
                f'no case is left of {", ".join(self.ann_file)} (modality={self.modality!r}, split={self.split!r}, '
                f'filter_cfg={self.filter_cfg!r}, {len(self.unreadable)} unreadable images)'
            )
        _log(f'{len(cases)} cases, {_summary(cases)}')
        self._report_prepared(cases)
        return cases

    def prepare_data(self, idx: int | CaseDraw) -> dict[str, Any]:
        """Loads and packs a case.

        Raises:
            ImageLoadingError: an image of it cannot be loaded.
        """
        draw = idx if isinstance(idx, CaseDraw) else None
        case = self.load_case(idx if draw is None else draw.index)
        if not self.test_mode:
            case['rng'] = np.random.default_rng(np.random.randint(2**31)) if draw is None else draw.make_rng()
        packed = self.pipeline(case)
        if packed is None:
            raise ValueError(f'a transform of the pipeline gave None for case {case["case_id"]}; none may drop a case')
        return packed

    def load_case(self, index: int) -> dict[str, Any]:
        """A case with its images loaded, before the pipeline; ``case_assembly`` lists the keys.

        Raises:
            ImageLoadingError: an image of it cannot be loaded.
        """
        case = self.get_data_info(index)
        case['views'] = [self._load_view(view) for view in case['views']]
        return case

    def malignancy_labels(self) -> np.ndarray:
        """(cases,) 1 for a malignant breast, 0 for another, NaN where unknown."""
        return np.array([self.get_data_info(index)['gt_malignancy'] for index in range(len(self))])

    def _readable(self, images: Sequence[AnnotatedImage]) -> list[AnnotatedImage]:
        readable = []
        for image in images:
            try:
                self._load_view(describe_view(image, self.classes))
            except ImageLoadingError as error:
                self.unreadable[str(image.path)] = str(error)
            else:
                readable.append(image)
        if self.unreadable:
            reasons = ''.join(f'\n    {reason}' for reason in self.unreadable.values())
            _log(f'left out {len(self.unreadable)} of {len(images)} images that cannot be loaded:{reasons}')
        return readable

    def _report_prepared(self, cases: Sequence[dict[str, Any]]) -> None:
        if self._load_view.prepared is None:
            return
        views = [view for case in cases for view in case['views']]
        count = sum(map(self._load_view.prepared.has, views))
        _log(f'{count} of {len(views)} images are prepared in {self._load_view.prepared.folder}')

    def _join_prefix(self) -> None:
        self.ann_file = [str(Path(self.data_root) / name) for name in self.ann_file]


def _summary(cases: Sequence[dict[str, Any]]) -> str:
    kinds = Counter({1.0: 'malignant', 0.0: 'not malignant'}.get(case['gt_malignancy'], 'unknown') for case in cases)
    views = sum(len(case['views']) for case in cases)
    findings = sum(len(view['gt_bboxes']) for case in cases for view in case['views'])
    unannotated = sum(not case['annotated'] for case in cases)
    counts = ', '.join(f'{number} {kind}' for kind, number in sorted(kinds.items()))
    return f'{views} images, {findings} target findings: {counts}; {unannotated} malignant without boxes'


def _log(message: str) -> None:
    print_log(f'CaseDataset: {message}', logger='current')
