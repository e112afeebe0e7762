"""The true normal image of a mammogram with findings, in the frame of what a model made of it.

Only phantoms have one: ``phantom-normals.csv`` names for each mammogram with findings the same one without them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_plugins.datasets.breast_region import find_breast_mask
from mammo_plugins.datasets.grey_values import from_grey_values
from mammo_plugins.datasets.transforms import LoadMammogram
from mammo_plugins.datasets.transforms.pair_grid import resample
from mammo_plugins.evaluation.image_names import image_key
from mammo_plugins.evaluation.saliency_files import SaliencyMap, read_index
from mammo_plugins.evaluation.saliency_truth import truth_on_map
from mammo_plugins.io import AnnotationSet
from mammo_plugins.io.image_labels import label_value

NORMALS = 'phantom-normals.csv'


@dataclass(frozen=True)
class TruePair:
    """A mammogram and its true normal image, in the frame of a picture that was made of it.

    Attributes:
        entry: the picture, and what it covers.
        patient: id.
        breast: patient, study and view without its side, which the other side shares.
        side: ``L`` or ``R``.
        shown: (H, W) the mammogram, intensities in [0, 1].
        truth: (H, W) the same without findings; ``shown`` itself where there is none.
        lesion: (H, W) bool.
        mask: (H, W) bool, the breast.
    """

    entry: SaliencyMap
    patient: str
    breast: tuple[str, str, str]
    side: str
    shown: np.ndarray
    truth: np.ndarray
    lesion: np.ndarray
    mask: np.ndarray


def read_true_pairs(
    pictures: str | Path, annotations: AnnotationSet, normals: str | Path | None = None, category: str = 'normal'
) -> Iterator[TruePair]:
    """Each picture's mammogram and truth, one at a time; pictures of images that are not in the set are passed over.

    Left out are mammograms with findings of which no true normal image is named, and those of which nobody says
    whether they are normal.

    Args:
        pictures: folder of pictures, see :mod:`~mammo_plugins.evaluation.saliency_files`.
        annotations: the images.
        normals: ``phantom-normals.csv``; that in the root of the annotation file where None.
        category: class of the pictures to take.

    Raises:
        ValueError: there is no such table, or it names a file that is not there.
    """
    twins = read_twins(annotations, normals)
    images = {image_key(image)[:3]: image for image in annotations.images}
    load = LoadMammogram(num_slices=1)
    for entry in read_index(pictures):
        image = images.get(entry.key[:3])
        if entry.category != category or image is None:
            continue
        path, findings = annotations.resolve_path(image).resolve(), annotations.findings_of(image.id)
        if path not in twins and label_value(image.labels, 'abnormal', bool(findings)) != 0:
            continue
        files = dict.fromkeys((path, twins.get(path, path)))
        frames = [_in_frame(load, file, image.height, image.width, entry) for file in files]
        yield TruePair(
            entry,
            image.patient_id,
            (image.patient_id, image.study_uid, image.view_key.position.value),
            image.view_key.laterality.value,
            frames[0],
            frames[-1],
            truth_on_map(entry, findings, image),
            find_breast_mask(frames[0]),
        )


def read_twins(annotations: AnnotationSet, normals: str | Path | None = None) -> dict[Path, Path]:
    """File of each mammogram with findings to that of the same one without them; see :func:`read_true_pairs`.

    Raises:
        ValueError: there is no such table, or it lacks a column.
    """
    root = (annotations.path.parent if annotations.path else Path()) / annotations.info.get('root', '')
    table = root / NORMALS if normals is None else Path(normals)
    if not table.is_file():
        raise ValueError(
            f'{table} is not there: a true normal image exists for phantoms of mammo phantoms --preset symmetric'
        )
    with table.open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    if rows and not {'path', 'normal_path'} <= rows[0].keys():
        raise ValueError(f'{table} has the columns {", ".join(rows[0])}: path and normal_path are needed')
    return {(table.parent / row['path']).resolve(): (table.parent / row['normal_path']).resolve() for row in rows}


def _in_frame(load: LoadMammogram, path: Path, height: int, width: int, entry: SaliencyMap) -> np.ndarray:
    """(H, W) float32 intensities of a stored image in the frame of a picture."""
    if not path.is_file():
        raise ValueError(f'{path} is not there, though the table of normal images names it')
    img = load(dict(img_path=str(path), num_source_slices=1, ori_shape=(height, width)))['img']
    homography = entry.homography
    for index, length in enumerate((width, height)):
        if homography[index, index] < 0:
            img = np.flip(img, 2 - index)
            mirror = np.eye(3)
            mirror[index, [index, 2]] = -1, length
            homography = homography @ mirror
    covered = entry.covered
    homography = np.diag([entry.shape[1] / covered[1], entry.shape[0] / covered[0], 1.0]) @ homography
    return from_grey_values(resample(np.ascontiguousarray(img), homography, entry.shape))[0]
