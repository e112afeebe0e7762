"""The data set: annotation files in, packed cases out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from .annotated_image import AnnotatedImage, read_annotation_files, select_images
from .case_assembly import describe_case, describe_view
from .case_draw import CaseDraw
from .case_filter import CaseFilter
from .grouping import COMPLETE, CaseGroup, group_cases
from .patient_subset import PatientSubset
from .targets import Targets
from .transform_building import build_transforms
from .view_loader import ImageLoadingError, ViewLoader

ON_ERROR = ('raise', 'skip-report')
INCOMPLETE = ('keep', 'drop', 'keep-first')
_REASONS_SHOWN = 10


class NoCaseError(ValueError):
    """No case is left of the annotation files.

    Args:
        left_out: file to reason, of images that cannot be loaded or whose case is incomplete.
        message: what was asked for.
    """

    def __init__(self, left_out: Mapping[str, str], message: str) -> None:
        super().__init__(message)
        self.left_out = dict(left_out)


@DATASETS.register_module()
class CaseDataset(BaseDataset):
    """Cases of FFDM, SM or DBT: breasts, single images, pairs of modalities or sides; lesion-free ones are part of it.

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
        group_by: what is read together: ``image``, ``breast`` (CC and MLO of one side), ``modalities`` (SM and FFDM of
            one view) or ``bilateral`` (right and left of one projection); see
            :func:`~mammo_plugins.datasets.grouping.group_cases`.
        incomplete: ``keep`` or ``drop`` cases of which an image is missing, repeated or unreadable; ``keep-first``
            keeps those that have the first image of the grouping, such as an SM without its FFDM, and drops the others.
            In any case the log counts them, and ``incomplete`` of the data set says why for each; ``dropped`` names the
            files.
        classes: findings that are targets, in the order of their labels: ``malignant``, ``benign``, finding types of
            the annotation files such as ``mass``, or ``any``. Other findings count as background.
        labels: names of image labels, as numbers in ``gt_labels`` of views and cases: ``malignant``, ``benign``,
            ``abnormal`` (BI-RADS not 1 or a finding), ``birads``, ``density`` (1 to 4), or another label of the files.
        masks: give the outlines of findings as masks.
        loading: transforms of a view that give its image.
        pipeline: transforms of a case.
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
        ValueError: an argument is unknown.
        NoCaseError: no case is left.
    """

    METAINFO: dict = dict(task_name='breast_detection')

    def __init__(
        self,
        ann_file: str | Sequence[str],
        modality: str | Sequence[str] | None = None,
        split: str | Sequence[str] | None = None,
        group_by: str = 'breast',
        incomplete: str = 'keep',
        classes: Sequence[str] = ('malignant',),
        labels: Sequence[str] = (),
        masks: bool = False,
        loading: Sequence[dict | Callable] = (),
        pipeline: Sequence[dict | Callable] = (),
        filter_cfg: Mapping[str, Any] | None = None,
        subset: Mapping[str, Any] | None = None,
        cache_in_memory: bool = False,
        volume_cache: str | Path | None = None,
        on_error: str = 'raise',
        data_root: str = '',
        metainfo: Mapping[str, Any] | None = None,
        **kwargs,
    ) -> None:
        for name, value, known in (('on_error', on_error, ON_ERROR), ('incomplete', incomplete, INCOMPLETE)):
            if value not in known:
                raise ValueError(f'{name} is one of {", ".join(known)}, got {value!r}')
        if isinstance(classes, str) or isinstance(labels, str):
            raise ValueError(f'classes and labels are lists of names, got {classes!r} and {labels!r}')
        self.modality, self.split, self.group_by = modality, split, group_by
        self.targets = Targets(tuple(classes), tuple(labels), masks)
        self.on_error, self._keeps_incomplete = on_error, incomplete
        self.unreadable: dict[str, str] = {}  # file to reason
        self.incomplete: dict[str, str] = {}  # case to what is missing or ambiguous
        self.dropped: dict[str, str] = {}  # file to why its case was left out
        self._case_filter = CaseFilter(**(filter_cfg or {}))
        self._subset = PatientSubset(**(subset or {}))
        self._load_view = ViewLoader(build_transforms(loading), cache_in_memory, volume_cache)
        super().__init__(
            ann_file=[ann_file] if isinstance(ann_file, str) else list(ann_file),
            metainfo={**(metainfo or {}), 'classes': self.targets.classes},
            data_root=data_root,
            data_prefix={},
            filter_cfg=filter_cfg,
            pipeline=build_transforms(pipeline),
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """The cases, images not loaded yet."""
        files = read_annotation_files(self.ann_file)
        self.targets.check(files)
        images = select_images(files, self.modality, self.split)
        images = self._subset.select(self._case_filter.select_images(images))
        readable = self._readable(images) if self.on_error == 'skip-report' else images
        lost = [image for image in images if str(image.path) in self.unreadable]
        groups = self._complete_groups(group_cases(readable, self.group_by, lost))
        cases = self._case_filter.select_cases([describe_case(group, self.targets) for group in groups])
        if not cases:
            example = ''.join(f', such as {name}: {reason}' for name, reason in islice(self.incomplete.items(), 1))
            raise NoCaseError(
                {**self.unreadable, **self.dropped},
                f'no case is left of {", ".join(self.ann_file)} (modality={self.modality!r}, split={self.split!r}, '
                f'filter_cfg={self.filter_cfg!r}, group_by={self.group_by!r}, {len(self.incomplete)} incomplete '
                f'cases{example}; {len(self.unreadable)} unreadable images)',
            )
        _log(f'{len(cases)} cases, {_summary(cases)}')
        for line in _target_lines(cases):
            _log(line)
        self._report_unknown_findings(groups)
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
        case['views'] = [self.load_view(view) for view in case['views']]
        return case

    def load_view(self, view: dict[str, Any]) -> dict[str, Any]:
        """A view of a case with its image.

        Raises:
            ImageLoadingError: it cannot be loaded.
        """
        return self._load_view(view)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the targets, in the order of their labels."""
        return self.targets.classes

    def malignancy_labels(self) -> np.ndarray:
        """(cases,) 1 for a malignant case, 0 for another, NaN where unknown."""
        return np.array([self.get_data_info(index)['gt_malignancy'] for index in range(len(self))])

    def case_labels(self, name: str) -> np.ndarray:
        """(cases,) a label of each case, NaN where unknown.

        Raises:
            ValueError: the data set was not asked for the label.
        """
        if name not in self.targets.labels:
            raise ValueError(f'no label {name!r}: name it in labels of the data set, which has {self.targets.labels}')
        return np.array([self.get_data_info(index)['gt_labels'][name] for index in range(len(self))])

    def _complete_groups(self, groups: Sequence[CaseGroup]) -> list[CaseGroup]:
        """Notes what is incomplete, says it, and leaves it out where that is asked for."""
        lacking = [group for group in groups if group.status != COMPLETE]
        self.incomplete = {group.case_id: f'{group.status}: {group.reason}' for group in lacking}
        if not lacking:
            return list(groups)
        counts = Counter(group.status for group in lacking)
        named = ''.join(f'\n    {name}: {reason}' for name, reason in islice(self.incomplete.items(), _REASONS_SHOWN))
        rest = max(0, len(lacking) - _REASONS_SHOWN)
        more = f'\n    and {rest} more, see the attribute incomplete' if rest else ''
        kinds = ', '.join(f'{number} {status}' for status, number in sorted(counts.items()))
        dropped = [group for group in lacking if not self._keeps(group)]
        left_out, kept = len(dropped), len(lacking) - len(dropped)
        doing = ' and '.join([f'keeps {kept}'] * bool(kept) + [f'leaves out {left_out}'] * bool(left_out))
        _log(
            f'{doing} of {len(groups)} cases that are not complete by group_by={self.group_by!r} '
            f'({kinds}):{named}{more}'
        )
        self.dropped = {
            str(image.path): f'case {group.case_id} is {group.status}: {group.reason}'
            for group in dropped
            for image in group.images
        }
        return [group for group in groups if group.status == COMPLETE or self._keeps(group)]

    def _keeps(self, incomplete: CaseGroup) -> bool:
        return self._keeps_incomplete == 'keep' or (self._keeps_incomplete == 'keep-first' and incomplete.leads)

    def _readable(self, images: Sequence[AnnotatedImage]) -> list[AnnotatedImage]:
        readable = []
        for image in images:
            try:
                self._load_view(describe_view(image, self.targets))
            except ImageLoadingError as error:
                self.unreadable[str(image.path)] = str(error)
            else:
                readable.append(image)
        if self.unreadable:
            reasons = ''.join(f'\n    {reason}' for reason in self.unreadable.values())
            _log(f'left out {len(self.unreadable)} of {len(images)} images that cannot be loaded:{reasons}')
        return readable

    def _report_unknown_findings(self, groups: Sequence[CaseGroup]) -> None:
        members = {member.record.id: member for group in groups for member in group.members}.values()
        if count := sum(map(self.targets.hides_target, members)):
            _log(
                f'{count} images have findings that may or may not be {" or ".join(self.classes)} (category other): '
                'their breasts train no boxes'
            )

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
    without = f'{unannotated} without all boxes, which train by their labels alone'
    return f'{views} images, {findings} target findings: {counts}; {without}'


def _target_lines(cases: Sequence[dict[str, Any]]) -> Iterator[str]:
    """How many cases know each label, and how many findings have a mask."""
    for name in cases[0]['gt_labels']:
        known = sum(not np.isnan(case['gt_labels'][name]) for case in cases)
        yield f'label {name} is known of {known} of {len(cases)} cases; the others train nothing by it'
    outlines = [outline for case in cases for view in case['views'] for outline in view.get('gt_segmentations', ())]
    if outlines:
        yield f'{sum(outline is not None for outline in outlines)} of {len(outlines)} target findings have a mask'


def _log(message: str) -> None:
    print_log(f'CaseDataset: {message}', logger='current')
