"""T-SYNTH (FDA, CC0): 9,000 simulated examples as mammogram (DM), tomosynthesis and C-View computed from it.

The release has no tables: the folders say which breast and which mass an example is of (:mod:`.examples`), ``.loc``
files where the mass lies (:mod:`.locations`), and masks what it covers (:mod:`.lesion_masks`). Images are MetaImage
files of the VICTRE pipeline, read upright (:mod:`mammo_plugins.io.victre_layout`); their copies as DICOM are not used.

Source: Wiedeman, Sarmakeeva et al., T-SYNTH: A Knowledge-Based Dataset of Synthetic Breast Images, arXiv 2507.04038;
data card of didsr/tsynth; DIDSR/tsynth-release and DIDSR/VICTRE_PIPELINE.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.io import AnnotationSet, ImageRecord, MammogramHeader
from mammo_plugins.io.annotation_records import SPLITS
from mammo_plugins.io.victre_layout import VICTRE_VIEW

from ..conversion_report import ConversionError, ConversionReport
from ..image_inspection import inspect_images
from ..release_files import ReleaseFiles
from .examples import DENSITIES
from .findings import read_findings
from .listed_images import ListedImage, list_images, tell_masses


def convert_t_synth(
    src: str | Path,
    *,
    splits: str | Sequence[str] | None = None,
    masks: bool = True,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    A breast is a patient, whatever masses are put into it, so that no breast is in two splits. Examples with a mass are
    malignant. Where number and ``.loc`` files of an example disagree about a mass, it has no label and no split.

    Args:
        src: folder of the release, or of a part of it.
        splits: one or several of ``train``, ``validation`` and ``test``; all where None.
        masks: read the masks of volumes and C-Views, which give boxes and outlines; else boxes are squares around the
            places of the masses, as wide as they are.
        workers: processes that read headers and masks; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no image, a split that is unknown or empty, or masks without the package that reads them.
    """
    src, report = Path(src), ConversionReport()
    wanted = _check_splits(splits)
    files = ReleaseFiles(src, report)
    listed = list_images(files, wanted, report)
    inspected = inspect_images([image.path for image in listed], [None] * len(listed), workers, show_progress)
    with_mass = tell_masses(listed, report)
    kept: list[tuple[ListedImage, ImageRecord]] = []
    first: dict[tuple[str, ...], str] = {}
    for image, found in zip(listed, inspected, strict=True):
        if found.problem:
            report.drop(image.where, found.problem, 'images')
            continue
        key = (image.example.patient_id, image.example.study_uid, found.header.modality)
        if key in first:
            report.drop(image.where, f'repeats {first[key]}: the {key[2]} image of one example', 'images')
            continue
        first[key] = image.where
        kept.append((image, _image_record(len(kept) + 1, image, found.header, with_mass[image.example])))
    findings = read_findings(files, kept, masks, workers, show_progress, report)
    for name in wanted or ():
        report.check_split(name, [record for _, record in kept], src)
    return report.build(
        [record for _, record in kept],
        findings,
        converter='t-synth',
        source=src,
        release='T-SYNTH',
        tables=['didsr/tsynth'],
    )


def _check_splits(splits: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if splits is None:
        return None
    names = (splits,) if isinstance(splits, str) else tuple(splits)
    if unknown := [name for name in names if name not in SPLITS]:
        raise ConversionError(f'unknown splits {unknown}: expected {", ".join(SPLITS)}')
    return names


def _image_record(number: int, image: ListedImage, header: MammogramHeader, with_mass: bool | None) -> ImageRecord:
    labels = {} if with_mass is None else {'malignant': int(with_mass), 'benign': 0}
    labels['density'] = DENSITIES[image.example.density]
    return ImageRecord(
        id=number,
        file_name=image.where,
        width=header.columns,
        height=header.rows,
        num_slices=header.num_slices,
        patient_id=image.example.patient_id,
        study_uid=image.example.study_uid,
        view=VICTRE_VIEW,
        modality=header.modality,
        computed=header.is_computed,
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        slice_spacing_mm=header.slice_spacing_mm,
        split=None if with_mass is None else image.example.split,
        labels=labels,
    )
