"""What a data set asks of its annotation files: which findings are targets, which labels, and whether masks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mammo_plugins.io.coco_volume import CATEGORIES, AnnotationSet, FindingRecord
from mammo_plugins.io.image_labels import LABEL_NAMES, join_labels, label_value
from mammo_plugins.io.mass_birads import MASS_BIRADS, mass_birads
from mammo_plugins.io.unknown_findings import may_hide
from mammo_plugins.structures.label_classes import BIRADS_GRADES

from .annotated_image import AnnotatedImage

ANY = 'any'


@dataclass(frozen=True)
class Targets:
    """Findings and labels that are learned.

    Attributes:
        classes: what findings are told apart by, in the order of their labels: a category (``malignant``, ``benign``),
            a finding type of the file (``mass``, ``calcification``, ...) or ``any``. A finding gets the first that it
            fits; one that fits none counts as background, unless it is of unknown class and may be one of them.
        labels: names of image labels.
        masks: whether findings carry their outlines.
    """

    classes: tuple[str, ...] = ('malignant',)
    labels: tuple[str, ...] = ()
    masks: bool = False

    def check(self, files: Sequence[AnnotationSet]) -> None:
        """Compares with what annotation files hold.

        A file without findings, or without labels, says nothing about names and is not compared.

        Raises:
            ValueError: a class or label is unknown to all of them; lists what they have.
        """
        types = Counter(finding_type(finding) for part in files for finding in part.findings)
        known = [*CATEGORIES, ANY, *sorted(name for name in types if name)]
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f'classes must be some names, each once, got {list(self.classes)}')
        if types and (unknown := [name for name in self.classes if name not in known]):
            raise ValueError(f'unknown classes {unknown}: the annotation files have {", ".join(known)}')
        keys = {key for part in files for image in part.images for key in image.labels}
        known = [*LABEL_NAMES, *sorted(keys.difference(LABEL_NAMES))]
        if keys and (unknown := [name for name in self.labels if name not in known]):
            raise ValueError(f'unknown labels {unknown}: the annotation files have {", ".join(known)}')

    def class_index(self, finding: FindingRecord) -> int | None:
        """The label of a finding; None where it is no target."""
        names = (finding.category, finding_type(finding), ANY)
        return next((index for index, name in enumerate(self.classes) if name in names), None)

    def is_annotated(self, images: Sequence[AnnotatedImage]) -> bool:
        """Whether every target of some images of one breast can be known.

        False for images that are malignant (or, where more than the malignant findings are targets, benign) of which
        none marks such a finding, where a target's type is not known, and where a finding of unknown class (category
        ``other``) is no target and may be one, see :meth:`hides_target`.
        """
        if any(self.hides_target(image) for image in images):
            return False
        wanted = ('malignant',) if set(self.classes) == {'malignant'} else tuple(CATEGORIES)
        by_type = not set(self.classes).issubset((*CATEGORIES, ANY))
        findings = [finding for image in images for finding in image.findings]
        if by_type and any(finding_type(f) is None and self.class_index(f) is None for f in findings):
            return False
        return all(
            join_labels(category, [image_label(image, category) for image in images]) != 1
            or any(finding.category == category for finding in findings)
            for category in wanted
        )

    def hides_target(self, image: AnnotatedImage) -> bool:
        """Whether a finding that counts as no target may be one: nobody said whether it is malignant or benign."""
        others = [finding for finding in image.findings if self.class_index(finding) is None]
        chosen = [name for name in ('malignant', 'benign') if name in self.classes]
        try:
            return may_hide(others, image.record.labels, chosen)
        except ValueError as error:
            raise ValueError(f'image {image.record.id} ({image.path}): {error}') from error

    def labels_of(self, images: Iterable[AnnotatedImage]) -> dict[str, float]:
        """Each label, joined over images; NaN where unknown."""
        images = list(images)
        return {name: join_labels(name, [image_label(image, name) for image in images]) for name in self.labels}


def finding_type(finding: FindingRecord) -> str | None:
    """``mass``, ``calcification``, ...; None where the file does not say."""
    kind: Any = finding.attributes.get('type')
    return kind if isinstance(kind, str) and kind else None


def image_label(image: AnnotatedImage, name: str) -> float:
    """A label of an image as a number; a marked finding makes it malignant or benign whatever the label says.

    Raises:
        ValueError: the file holds no number; names the image.
    """
    if name in CATEGORIES and any(finding.category == name for finding in image.findings):
        return 1.0
    if name == MASS_BIRADS:
        grade = mass_birads(image.findings)
        return float(BIRADS_GRADES.index(grade)) if grade in BIRADS_GRADES else math.nan
    try:
        return label_value(image.record.labels, name, bool(image.findings))
    except ValueError as error:
        raise ValueError(f'image {image.record.id} ({image.path}): {error}') from error
