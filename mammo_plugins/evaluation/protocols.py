"""Named sets of rules for counting detections.

A protocol says everything two groups must agree on before they compare numbers. Rules that all protocols here share:

* One prediction hits at most one finding, the closest of those it touches, whatever the other predictions do. The
  counts at a threshold therefore depend on the predictions above it only, and not on the order of rows.
* A finding hit several times is found once. The repeats are neither true nor false positives.
* Predictions with equal scores pass a threshold together.
* The denominator of the recall is all annotated findings of the target categories in the evaluated images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .hit_rules import OWN, CentreHit, HitRule, OverlapHit
from .reported_numbers import (
    CocoAveragePrecision,
    CountedVolumes,
    FrocArea,
    FrocNumber,
    MeanInterpolatedRecall,
    MeanRecall,
    RecallAtFp,
)


@dataclass(frozen=True)
class DetectionProtocol:
    """How detections are counted.

    Args:
        name: what it is called on the command line.
        hit: when a prediction hits a finding.
        numbers: what is read off the FROC curve; the volumes of the first number are those of the curve that is shown.
        targets: categories or finding types (``mass``) of the findings to be found; a prediction that hits another
            finding is a false positive.
        exclude_unannotated: leave malignant images without a malignant box, or with a finding of unknown class beside
            it, out of the counting altogether: what is predicted there can be called neither right nor wrong.
        source: where the rules come from.
        precisions: what is reported of COCO's average precision, whose matching is COCO's own, with the slice
            condition of ``hit``.
    """

    name: str
    hit: HitRule
    numbers: tuple[FrocNumber, ...]
    targets: tuple[str, ...] = ('malignant',)
    exclude_unannotated: bool = True
    source: str = ''
    precisions: tuple[CocoAveragePrecision, ...] = ()

    @property
    def curve_volumes(self) -> CountedVolumes:
        """The volumes of the FROC curve that is shown."""
        return self.numbers[0].volumes if self.numbers else CountedVolumes.ALL


_COCO_PRECISIONS = (
    CocoAveragePrecision('AP', tuple(np.linspace(0.5, 0.95, 10).tolist())),
    CocoAveragePrecision('AP50', (0.5,)),
    CocoAveragePrecision('AP25', (0.25,)),
)


def _recalls(volumes: CountedVolumes) -> tuple[RecallAtFp, ...]:
    return (RecallAtFp('R@0.25', 0.25, volumes), RecallAtFp('R@0.5', 0.5, volumes))


def _dbtex_numbers() -> tuple[MeanInterpolatedRecall, ...]:
    """The six numbers under the names that the challenge gives them."""
    positive = CountedVolumes.WITH_FINDINGS
    points = (1.0, 2.0, 3.0, 4.0)
    return (
        MeanInterpolatedRecall('sensitivity_at_2_fps_all', (2.0,)),
        *(MeanInterpolatedRecall(f'sensitivity_at_{point:g}_fps_positive', (point,), positive) for point in points),
        MeanInterpolatedRecall('mean_sensitivity_positive', points, positive),
    )


_PROTOCOLS = (
    DetectionProtocol(
        name='mm3d',
        hit=OverlapHit(min_iou=0.25, needs_slice=True),
        numbers=_recalls(CountedVolumes.ALL),
        source='M&M-3D, section 4.1: 2-D IoU of at least 0.25 and the predicted slice in the visible range',
    ),
    DetectionProtocol(
        name='mm3d-2d',
        hit=OverlapHit(min_iou=0.25, needs_slice=False),
        numbers=_recalls(CountedVolumes.ALL),
        source='M&M-3D, tables 2 and 3, "2D localization": 2-D IoU of at least 0.25',
    ),
    DetectionProtocol(
        name='mm3d-bcs-dbt',
        hit=OverlapHit(min_iou=0.25, needs_slice=True),
        numbers=_recalls(CountedVolumes.NON_BENIGN),
        source='M&M-3D, appendix A: recall of malignant findings, false positives over all non-benign volumes',
    ),
    DetectionProtocol(
        name='dbtex',
        hit=CentreHit(min_radius_px=100, needs_slice=True, at_radius=True),
        numbers=_dbtex_numbers(),
        targets=('malignant', 'benign'),
        exclude_unannotated=False,
        source='DBTex challenge (Konz et al. 2023): biopsied findings, benign ones too, by distance of the centres',
    ),
    DetectionProtocol(
        name='center-hit',
        hit=CentreHit(min_radius_px=100, needs_slice=False, at_radius=False),
        numbers=(
            FrocArea('FAUC-1', 1.0),
            FrocArea('FAUC-1 (positive images)', 1.0, CountedVolumes.WITH_FINDINGS),
        ),
        source='SM/FFDM fusion, section 4: FAUC-1 over all images and over those with a finding',
    ),
    DetectionProtocol(
        name='iou-froc',
        hit=OverlapHit(min_iou=0.1, needs_slice=False),
        numbers=(
            MeanRecall('CPM', tuple(2.0**power for power in range(-3, 4))),
            *(RecallAtFp(f'R@{2.0**power:g}', 2.0**power) for power in range(-3, 4)),
        ),
        source='nnDetection (Baumgartner et al., MICCAI 2021): IoU of at least 0.1, recall at 1/8, 1/4, ..., 8',
    ),
    DetectionProtocol(
        name='coco',
        hit=OverlapHit(min_iou=0.5, needs_slice=False),
        numbers=(),
        precisions=_COCO_PRECISIONS,
        source='COCO (Lin et al., ECCV 2014): AP over IoU 0.5 to 0.95, at 0.5, and (not COCO) at 0.25',
    ),
    DetectionProtocol(
        name='coco-3d',
        hit=OverlapHit(min_iou=0.5, needs_slice=True),
        numbers=(),
        precisions=_COCO_PRECISIONS,
        source='as coco; a match also needs a slice that shows the finding',
    ),
)
PROTOCOLS: dict[str, DetectionProtocol] = {protocol.name: protocol for protocol in _PROTOCOLS}


def get_protocol(name: str | DetectionProtocol) -> DetectionProtocol:
    """The protocol of a name; a protocol of one's own passes through.

    ``center-hit@2`` has its areas up to 2 false positives a volume: FAUC-2 in place of FAUC-1.

    Raises:
        ValueError: no protocol has this name, or one that reports no area is asked for one.
    """
    if isinstance(name, DetectionProtocol):
        return name
    base, at, limit = name.partition('@')
    if base not in PROTOCOLS:
        raise ValueError(f'unknown protocol {base!r}: choose one of {", ".join(PROTOCOLS)}')
    return _with_areas_up_to(PROTOCOLS[base], limit) if at else PROTOCOLS[base]


def _with_areas_up_to(protocol: DetectionProtocol, limit: str) -> DetectionProtocol:
    areas = [number for number in protocol.numbers if isinstance(number, FrocArea)]
    if not areas:
        raise ValueError(f'{protocol.name} reports no area under the curve: write it without @{limit}')
    try:
        max_fp = float(limit)
    except ValueError:
        max_fp = 0.0
    if not 0 < max_fp < np.inf:
        raise ValueError(f'{protocol.name}@{limit}: false positives a volume are a number above 0, such as 2')
    renamed = tuple(
        replace(area, name=area.name.replace(f'-{area.max_fp_per_volume:g}', f'-{max_fp:g}'), max_fp_per_volume=max_fp)
        for area in areas
    )
    return replace(protocol, name=f'{protocol.name}@{max_fp:g}', numbers=renamed)


def choose_protocols(
    names: Sequence[str | DetectionProtocol],
    hit_pixels_of: str | None = None,
    hit_radius_px: float | None = None,
    targets: Sequence[str] | None = None,
) -> list[DetectionProtocol]:
    """The protocols of some names, with the same targets, grid to measure distances on and radius.

    Args:
        names: as for :func:`get_protocol`.
        hit_pixels_of: see :class:`~.hit_rules.CentreHit`; the protocols' own choice where None.
        hit_radius_px: ``min_radius_px`` there; the protocols' own choice where None.
        targets: categories or finding types to be found; the protocols' own choice where None.

    Raises:
        ValueError: no such protocol or grid, or a grid or radius is given and none of the protocols measures distances.
    """
    protocols = [get_protocol(name) for name in names]
    if targets is not None:
        protocols = [replace(protocol, targets=tuple(targets)) for protocol in protocols]
    changes = {'hit_pixels_of': hit_pixels_of, 'min_radius_px': hit_radius_px}
    changes = {name: value for name, value in changes.items() if value is not None}
    measuring = [protocol for protocol in protocols if isinstance(protocol.hit, CentreHit)]
    if not measuring and (hit_pixels_of not in (None, OWN) or hit_radius_px is not None):
        raise ValueError(
            f'hit_pixels_of and hit_radius_px are for protocols that measure distances of centres, and '
            f'{", ".join(protocol.name for protocol in protocols)} measure none: leave them out'
        )
    return [
        replace(protocol, hit=replace(protocol.hit, **changes)) if protocol in measuring else protocol
        for protocol in protocols
    ]
