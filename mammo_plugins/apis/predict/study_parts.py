"""What is known of a predicted study: a folder each below ``OUT/studies``, done when its record is there.

| file | what |
|---|---|
| ``record.json`` | written last: what :class:`StudyRecord` holds |
| ``images.json`` | its images, as an annotation file; of a study that failed, those that were to be read |
| ``predictions.csv``, ``locations.csv``, ``labels_*.csv`` | its part of the tables |
| ``maps.csv``, ``pictures.csv`` | its part of the indices of ``OUT/maps`` and ``OUT/pictures`` |
| ``report.html`` | its page |
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mammo_plugins.io.whole_file import write_whole

STUDIES = 'studies'
SETTINGS = 'settings.json'  # what decided the predictions
INDEX = 'index.sqlite'
RECORD, IMAGES, PAGE = 'record.json', 'images.json', 'report.html'


@dataclass
class StudyRecord:
    """What became of a study.

    Attributes:
        number: in the index.
        num_images: how many were read.
        cases: name, malignancy (None where the model gives none) and labels in words of each case.
        image_labels: name to labels in words of images that have some.
        left_out, doubts: file to reason.
        not_analysed: files that are left out though they are to be read: the model cannot load them, or another image
            of their case is missing.
        notes: sentence to the number of images it speaks of.
        foreign: modality to the number of images that the config has no data of.
        prediction_notes: how predictions came about to the number of images.
        digests: file to the digest of its pixels.
        given: what the model gave: ``findings``, units of labels with their names, classes of maps and pictures.
        group_by: what a case is; empty where there is none.
        dicom: number of DICOM objects that were written.
        dicom_notes: which were not, and why.
        seconds: what predicting took.
        failed: why nothing could be predicted; empty where that went well.
    """

    number: int
    num_images: int = 0
    cases: list[dict[str, Any]] = field(default_factory=list)
    image_labels: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    not_analysed: list[str] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    prediction_notes: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)
    group_by: str = ''
    dicom: int = 0
    dicom_notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ''


class StudyParts:
    """The folders of the studies of a run.

    Args:
        out: folder of the run.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.root = out / STUDIES
        self.index_path = self.root / INDEX

    def folder(self, number: int) -> Path:
        """Of a study."""
        return self.root / f'{number:06d}'

    def begin(self, number: int) -> Path:
        """An empty folder for a study; what a stopped run left of it is removed."""
        folder = self.folder(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def keep_images(self, number: int) -> None:
        """Removes everything of a study but its ``images.json``."""
        for path in self.folder(number).iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != IMAGES:
                path.unlink()

    def finish(self, record: StudyRecord) -> None:
        """Notes that a study is done."""
        write_whole(self.folder(record.number) / RECORD, json.dumps(asdict(record), allow_nan=False) + '\n')

    def is_done(self, number: int) -> bool:
        """Whether its record is there, and is none of a failure."""
        return self.has_record(number) and not self.record(number).failed

    def has_record(self, number: int) -> bool:
        """Whether it is done or failed."""
        return (self.folder(number) / RECORD).is_file()

    def record(self, number: int) -> StudyRecord:
        """What became of a study that is done or failed."""
        return StudyRecord(**json.loads((self.folder(number) / RECORD).read_text(encoding='utf-8')))

    def records(self, num_studies: int) -> Iterator[StudyRecord]:
        """Of all studies that have one, in order."""
        for number in range(1, num_studies + 1):
            if self.has_record(number):
                yield self.record(number)

    def is_own(self) -> bool:
        """Whether the folder is not there, or holds what a run made; one that was killed early left hidden files."""
        seen = self.root.iterdir() if self.root.exists() else ()
        return self.index_path.is_file() or all(path.name.startswith('.') for path in seen)

    def clear(self) -> None:
        """Removes everything of an earlier run."""
        shutil.rmtree(self.root, ignore_errors=True)
