"""What is read from the predictions of a row: which numbers, of what, on which images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mammo_plugins.io import AnnotationSet, ImageRecord

MAIN_TEST = 'test'


@dataclass(frozen=True)
class ImageChoice:
    """Some images of an annotation file.

    Attributes:
        split, modality: None for all.
        where: field or label of an image to the value, or list of values, that it must have, such as
            ``{'manufacturer': ['GE', 'SIEMENS']}``.
    """

    split: str | None = 'test'
    modality: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_part(self) -> bool:
        """Whether these are some of the images of a split, so that there may be predictions of others too."""
        return bool(self.where)

    def of(self, annotations: AnnotationSet) -> AnnotationSet:
        """The images with their findings.

        Raises:
            ValueError: there is none.
        """
        selected = annotations.select(modality=self.modality, split=self.split)
        chosen = selected.keep(all(self._fits(image, name) for name in self.where) for image in selected.images)
        if not chosen.images:
            known = {name: sorted({str(_fact(image, name)) for image in selected.images}) for name in self.where}
            raise ValueError(
                f'{annotations.path} has no image with split={self.split!r}, modality={self.modality!r} and '
                f'{dict(self.where)}: its images have {known or "other splits or modalities"}'
            )
        return chosen

    def _fits(self, image: ImageRecord, name: str) -> bool:
        wanted = self.where[name]
        return _fact(image, name) in (wanted if isinstance(wanted, (list, tuple)) else [wanted])


def _fact(image: ImageRecord, name: str) -> Any:
    return getattr(image, name, None) if hasattr(image, name) else image.labels.get(name)


@dataclass(frozen=True)
class Reading:
    """Numbers from the predictions of one test of a row.

    Attributes:
        name: what results and claims call it; the same in all rows that are compared by it.
        target: what is read: a protocol of detection, a label, or the class of saliency maps.
        numbers: names of the numbers that are kept, the evaluation's own, such as ``R@0.25``, ``auc`` or ``dice``.
        reader: how they are read, one of :data:`~.number_readers.NUMBER_READERS`.
        test: name of the row's test.
        title: what tables call it.
        images: on which images.
        threshold: from which probability a label is called present, or a pixel part of a finding.
        findings: of detections, the kind of findings that are to be found, such as ``{'type': 'mass'}`` or
            ``{'size': 'up to 10 mm'}``; predictions that hit others count neither as true nor as false. Empty for all.
        targets: of detections, categories or finding types that are to be found, such as ``['mass']``; the protocol's
            own choice where empty.
        hit_pixels_of: of detections, whose pixels distances of centres are measured in, see
            :class:`~mammo_plugins.evaluation.hit_rules.CentreHit`; the protocol's own choice where None.
        hit_radius_px: how far centres may be apart there; the protocol's own choice where None.
        grid: of saliency maps, what counts, ``map`` (their cells, so where None) or ``image`` (stored pixels).
    """

    name: str
    target: str
    numbers: Sequence[str]
    reader: str = 'detections'
    test: str = MAIN_TEST
    title: str = ''
    images: ImageChoice = field(default_factory=ImageChoice)
    threshold: float = 0.5
    findings: Mapping[str, str] = field(default_factory=dict)
    targets: Sequence[str] = ()
    hit_pixels_of: str | None = None
    hit_radius_px: float | None = None
    grid: str | None = None

    def __post_init__(self) -> None:
        for name in ('findings', 'targets', 'hit_pixels_of', 'hit_radius_px'):
            if self.reader in ('labels', 'pairs', 'saliency', 'normals') and getattr(self, name):
                raise ValueError(f'{name} is for readings of detections, not of {self.reader}: leave it out')
        if self.grid is not None and self.reader != 'saliency':
            raise ValueError(f'grid is for readings of saliency maps, not of {self.reader}: leave it out')


@dataclass(frozen=True)
class Average:
    """The mean of numbers of earlier readings, such as that over the vendors that a model has not seen.

    Attributes:
        name, title: as for :class:`Reading`.
        of: readings and their numbers, ``(reading, number)``.
        number: what the mean is called.
    """

    name: str
    of: Sequence[tuple[str, str]]
    number: str
    title: str = ''

    @property
    def numbers(self) -> tuple[str, ...]:
        return (self.number,)
