"""Named sets of rules for counting detections.

A protocol says everything two groups must agree on before they compare numbers. Rules that all protocols here share:

* One prediction hits at most one finding, the closest of those it touches, whatever the other predictions do. The
  counts at a threshold therefore depend on the predictions above it only, and not on the order of rows.
* A finding hit several times is found once. The repeats are neither true nor false positives.
* Predictions with equal scores pass a threshold together.
* Recall at ``x`` false positives per volume is the largest recall among the thresholds with at most ``x``.
* The denominator of the recall is all annotated target findings, in the images that are evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .hit_rules import HitRule, OverlapHit


class FalsePositiveVolumes(str, Enum):
    """The images over which false positives, and the volumes they are divided by, are counted."""

    ALL = 'all'
    NON_BENIGN = 'non-benign'


@dataclass(frozen=True)
class DetectionProtocol:
    """How detections are counted.

    Args:
        name: what it is called on the command line.
        hit: when a prediction hits a finding.
        targets: categories of the findings to be found; a prediction that hits another finding is a false positive.
        fp_volumes: which images count for false positives. Their findings count for recall in any case.
        fp_points: false positives per volume at which recall is reported.
        exclude_unannotated: leave malignant images without a malignant box out of the counting altogether: what is
            predicted there can be called neither right nor wrong.
        source: where the rules come from.
    """

    name: str
    hit: HitRule
    targets: tuple[str, ...] = ('malignant',)
    fp_volumes: FalsePositiveVolumes = FalsePositiveVolumes.ALL
    fp_points: tuple[float, ...] = (0.25, 0.5)
    exclude_unannotated: bool = True
    source: str = ''


_PROTOCOLS = (
    DetectionProtocol(
        name='mm3d',
        hit=OverlapHit(min_iou=0.25, needs_slice=True),
        source='M&M-3D, section 4.1: 2-D IoU of at least 0.25 and the predicted slice in the visible range',
    ),
    DetectionProtocol(
        name='mm3d-2d',
        hit=OverlapHit(min_iou=0.25, needs_slice=False),
        source='M&M-3D, tables 2 and 3, "2D localization": 2-D IoU of at least 0.25',
    ),
    DetectionProtocol(
        name='mm3d-bcs-dbt',
        hit=OverlapHit(min_iou=0.25, needs_slice=True),
        fp_volumes=FalsePositiveVolumes.NON_BENIGN,
        source='M&M-3D, appendix A: recall of malignant findings, false positives over all non-benign volumes',
    ),
)
PROTOCOLS: dict[str, DetectionProtocol] = {protocol.name: protocol for protocol in _PROTOCOLS}


def get_protocol(name: str | DetectionProtocol) -> DetectionProtocol:
    """The protocol of a name; a protocol of one's own passes through.

    Raises:
        ValueError: no protocol has this name.
    """
    if isinstance(name, DetectionProtocol):
        return name
    if name not in PROTOCOLS:
        raise ValueError(f'unknown protocol {name!r}: choose one of {", ".join(PROTOCOLS)}')
    return PROTOCOLS[name]
