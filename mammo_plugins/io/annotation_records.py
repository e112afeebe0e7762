"""Records of an annotation file: images, findings and the set that holds both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mammo_plugins.structures import ViewKey

from .modality_text import modality_text
from .unknown_findings import may_hide

MODALITIES = ('FFDM', 'SM', 'DBT')
SPLITS = ('train', 'validation', 'test')
CATEGORIES = {'malignant': 1, 'benign': 2, 'other': 3}
"""Findings that are known to be one or the other, and those of which nobody says."""


@dataclass(frozen=True)
class ImageRecord:
    """One image of one breast: an FFDM, a synthetic mammogram or a DBT volume.

    Attributes:
        id: unique number of the image in its file.
        file_name: posix path of the DICOM or PNG file or the MetaImage header (of the folder for one file a slice),
            absolute or relative to ``info['root']``.
        width, height: size of the stored pixels.
        num_slices: stored frames, 1 for FFDM and SM.
        patient_id, study_uid: ids as the release writes them.
        view: side and projection, such as ``L-CC``.
        modality: ``FFDM``, ``SM`` or ``DBT``.
        view_name: the release's own name of the view, such as ``lcc2``; ``lcc`` for ``L-CC`` where none is given.
        manufacturer: as in the header, empty where unknown.
        spacing_mm: (row, column) distance of pixel centres, or None where unknown.
        slice_spacing_mm: distance of neighbouring slices, or None where unknown (as in BCS-DBT) or in 2-D.
        rotated_180: whether the stored pixels are turned by 180 degrees against the frame the release is made for.
        split: ``train``, ``validation``, ``test`` or None.
        acquisition_time_s: time of day of the exposure in seconds, or None; tells which of several images belong
            together.
        computed: whether an SM was computed from a volume by other software than the vendor's, such as
            ``mammo synthesize``.
        nipple_xy: annotated nipple in stored pixels, or None.
        chest_wall_xyxy: two points of the annotated line of the chest wall (in MLO the border of the pectoral muscle)
            in stored pixels, which may lie outside of the image; or None.
        labels: image-level labels: ``malignant`` and ``benign`` (0 or 1), ``birads``, ``density`` (``A`` to ``D``), ...
    """

    id: int
    file_name: str
    width: int
    height: int
    num_slices: int
    patient_id: str
    study_uid: str
    view: str
    modality: str
    view_name: str = ''
    manufacturer: str = ''
    spacing_mm: tuple[float, float] | None = None
    slice_spacing_mm: float | None = None
    rotated_180: bool = False
    split: str | None = None
    acquisition_time_s: float | None = None
    computed: bool = False
    nipple_xy: tuple[float, float] | None = None
    chest_wall_xyxy: tuple[float, float, float, float] | None = None
    labels: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.view_name and isinstance(self.view, str):
            object.__setattr__(self, 'view_name', self.view.lower().replace('-', ''))

    @property
    def modality_text(self) -> str:
        """The modality for readers, see :func:`~mammo_plugins.io.modality_text.modality_text`."""
        return modality_text(self.modality, self.computed)

    @property
    def view_key(self) -> ViewKey:
        """The view as an enum pair."""
        return ViewKey.parse(self.view)

    @property
    def breast_id(self) -> tuple[str, str, str]:
        """(patient_id, study_uid, side): what the views of one breast share."""
        return (self.patient_id, self.study_uid, self.view_key.laterality.value)


@dataclass(frozen=True)
class FindingRecord:
    """One finding in one image.

    Attributes:
        image_id: the image it lies in.
        category: ``malignant`` or ``benign``.
        bbox_xywh: (x, y, width, height) in stored pixels of the source file; x and y are the top-left corner.
        slice_index: most suspicious slice (0-based stored frame), 0 in 2-D, None where not annotated.
        slice_range: (first, last) visible slice, or None where unknown.
        lesion_id: the same for one lesion across views, or None.
        segmentation: COCO polygons or run-length encoding in stored pixels, or None.
        attributes: further facts, such as ``type`` (mass, calcification, distortion, asymmetry).
    """

    image_id: int
    category: str
    bbox_xywh: tuple[float, float, float, float]
    slice_index: int | None = 0
    slice_range: tuple[int, int] | None = None
    lesion_id: str | None = None
    segmentation: Any = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class AnnotationSet:
    """Images, their findings and where they come from; not to be changed once built (look-ups are indexed).

    Attributes:
        images: every image, those without findings included.
        findings: every finding.
        info: ``root`` (folder that relative file names start from), converter, release, counts, dropped rows.
        path: file the set was read from, or None.
        whole: the set that this one was selected from, which may hold the other images of a view; None for a whole one.
    """

    images: list[ImageRecord]
    findings: list[FindingRecord]
    info: dict[str, Any] = field(default_factory=dict)
    path: Path | None = field(default=None, compare=False)
    whole: AnnotationSet | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._images_by_id = {image.id: image for image in self.images}
        self._findings_by_image: dict[int, list[FindingRecord]] = defaultdict(list)
        for finding in self.findings:
            self._findings_by_image[finding.image_id].append(finding)

    def image(self, image_id: int) -> ImageRecord:
        """The image with this id.

        Raises:
            KeyError: no image has it.
        """
        if image_id not in self._images_by_id:
            raise KeyError(f'no image has id {image_id!r} among the {len(self.images)} of {self.path or "this set"}')
        return self._images_by_id[image_id]

    def findings_of(self, image_id: int) -> list[FindingRecord]:
        """Findings of one image in file order; empty where it has none.

        Raises:
            KeyError: no image has this id.
        """
        self.image(image_id)
        return list(self._findings_by_image.get(image_id, ()))

    def select(
        self, modality: str | Iterable[str] | None = None, split: str | Iterable[str] | None = None
    ) -> AnnotationSet:
        """The images of some modalities and splits with their findings; possibly none.

        Args:
            modality: one or several of ``FFDM``, ``SM``, ``DBT``; None keeps all.
            split: one or several of ``train``, ``validation``, ``test``; None keeps all, those without a split too.

        Raises:
            ValueError: a name is unknown.
        """
        modalities, splits = _chosen(modality, MODALITIES, 'modality'), _chosen(split, SPLITS, 'split')
        return self.keep(
            (modalities is None or image.modality in modalities) and (splits is None or image.split in splits)
            for image in self.images
        )

    def keep(self, chosen: Iterable[bool]) -> AnnotationSet:
        """Some images with their findings.

        Args:
            chosen: for each image, whether to keep it.
        """
        images = [image for image, kept in zip(self.images, chosen, strict=True) if kept]
        ids = {image.id for image in images}
        findings = [finding for finding in self.findings if finding.image_id in ids]
        return AnnotationSet(images, findings, self.info, self.path, self if self.whole is None else self.whole)

    def resolve_path(self, image: ImageRecord) -> Path:
        """Where the image's file lies. A relative root starts at the folder of the annotation file."""
        base = self.path.parent if self.path is not None else Path()
        return base / self.info.get('root', '') / image.file_name

    def is_annotated(self, image: ImageRecord) -> bool:
        """Whether every malignant finding of an image can be known.

        False where the image is labelled malignant and no malignant finding marks where, and where a finding of
        unknown class may be malignant.
        """
        findings = self._findings_by_image.get(image.id, ())
        if may_hide(findings, image.labels, ('malignant',)):
            return False
        return not image.labels.get('malignant') or any(finding.category == 'malignant' for finding in findings)


def _chosen(wanted: str | Iterable[str] | None, known: tuple[str, ...], what: str) -> frozenset[str] | None:
    if wanted is None:
        return None
    names = frozenset((wanted,) if isinstance(wanted, str) else wanted)
    if unknown := names.difference(known):
        raise ValueError(f'unknown {what} {sorted(map(str, unknown))}: expected {", ".join(known)}')
    return names
