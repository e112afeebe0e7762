"""Tumours that were cut out of images, on disk: a 16-bit PNG each, and ``tumours.json`` that says what they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from mmdet.registry import TASK_UTILS
from PIL import Image

from mammo_plugins.io.whole_file import write_whole

from ..grey_values import from_grey_values, to_grey_values

INDEX = 'tumours.json'


@dataclass(frozen=True)
class TumourRecord:
    """One tumour.

    Attributes:
        file: PNG of the box around it, relative to the bank.
        patient_id, study_uid: where it is from.
        height_mm, width_mm: of the box.
        category: ``malignant`` or ``benign``.
    """

    file: str
    patient_id: str
    study_uid: str
    height_mm: float
    width_mm: float
    category: str


@TASK_UTILS.register_module()
class TumourBank:
    """A bank that ``mammo tumour-bank`` wrote.

    Args:
        folder: of the bank.
        shared_ids_are_others: the bank and the images number their patients alike and mean others, as two releases of
            phantoms do. Nothing is compared then.

    Raises:
        FileNotFoundError: there is no such bank.
        ValueError: it is empty.
    """

    def __init__(self, folder: str | Path, shared_ids_are_others: bool = False) -> None:
        self.folder = Path(folder)
        path = self.folder / INDEX
        if not path.is_file():
            raise FileNotFoundError(
                f'no bank of tumours in {folder}: make one of another data set than you train on, with '
                f'mammo tumour-bank ANN.json {folder}'
            )
        self.tumours = [TumourRecord(**one) for one in json.loads(path.read_text(encoding='utf-8'))['tumours']]
        if not self.tumours:
            raise ValueError(f'the bank {folder} holds no tumour')
        compared = [] if shared_ids_are_others else self.tumours
        self._patients = {tumour.patient_id for tumour in compared}
        self._studies = {tumour.study_uid for tumour in compared}

    def __len__(self) -> int:
        return len(self.tumours)

    def read(self, index: int) -> np.ndarray:
        """(h, w) intensities in [0, 1] of a tumour."""
        with Image.open(self.folder / self.tumours[index].file) as picture:
            return from_grey_values(np.asarray(picture).astype(np.uint16))

    def require_others(self, patient_id: str, study_uid: str) -> None:
        """Makes sure that a patient gave no tumour of the bank.

        Raises:
            ValueError: the patient or the study did.
        """
        if patient_id in self._patients or study_uid in self._studies:
            raise ValueError(
                f'patient {patient_id} is in the bank of tumours {self.folder} too: masks of a training set must not '
                'reach a model that learns from labels alone; make the bank of another data set'
            )


def write_bank(folder: Path, tumours: Sequence[tuple[TumourRecord, np.ndarray]], about: dict) -> None:
    """Writes a bank; its index appears only when all of it is there.

    Args:
        folder: made if missing.
        tumours: each with its (h, w) intensities in [0, 1].
        about: what the index says of its source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for record, patch in tumours:
        Image.fromarray(to_grey_values(np.ascontiguousarray(patch, dtype=np.float32))).save(folder / record.file)
    content = {**about, 'tumours': [asdict(record) for record, _ in tumours]}
    write_whole(folder / INDEX, json.dumps(content, indent=1) + '\n')
