"""Annotation files, predictions, tables of the challenge and workbooks under test."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from random import Random

from mammo_plugins.datasets.converters.conversion_report import ConversionError, ConversionReport
from mammo_plugins.datasets.converters.release_sheet import read_sheet
from mammo_plugins.evaluation.predictions_csv import PredictionsError, read_predictions
from mammo_plugins.io import AnnotationError, read_annotations, read_dbtex_tables, write_annotations
from tests.datasets.converters.xls_builder import write_xls

from .bombs import WORKBOOK_BOMBS, sheet_data, workbook, workbook_bomb
from .mutations import HOSTILE_TEXTS, mutate_bytes, mutate_json, mutate_table

_IMAGES = [
    {
        'id': number, 'file_name': f'{number}.dcm', 'width': 20, 'height': 24, 'num_slices': 3, 'patient_id': 'p',
        'study_uid': '1.2', 'view': view, 'modality': 'DBT', 'view_name': view.lower(), 'manufacturer': 'm',
        'spacing_mm': [0.1, 0.1], 'slice_spacing_mm': 1.0, 'rotated_180': False, 'split': 'train',
        'labels': {'malignant': 1, 'benign': 0, 'birads': '5', 'density': 'A'},
    }
    for number, view in ((1, 'L-CC'), (2, 'L-MLO'))
]  # fmt: skip
_FINDING = {
    'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 2, 5, 6], 'area': 30, 'iscrowd': 0, 'slice': 1,
    'slice_range': [0, 2], 'lesion_id': 'a', 'segmentation': [[1, 2, 5, 2, 5, 6]], 'attributes': {'type': 'mass'},
}  # fmt: skip
ANNOTATIONS = {
    'info': {'root': '', 'source': 'x', 'dropped': [{'row': 'a', 'reason': 'b'}]},
    'categories': [{'id': 1, 'name': 'malignant'}, {'id': 2, 'name': 'benign'}],
    'images': _IMAGES,
    'annotations': [_FINDING],
}
PREDICTIONS = (
    'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score,ImageScore\n'
    'p1,s1,lcc,1,5,2,6,1,1,0.5,0.9\np1,s1,lcc,3,5,2,6,1,1,0.25,0.9\np2,s1,rmlo2,1.5,5,2,6,0,3,0.125,0.5\n'
)
LABELS = 'PatientID,StudyUID,View,Normal,Actionable,Benign,Cancer\np1,s1,lcc,0,0,0,1\np2,s2,rmlo,1,0,0,0\n'
BOXES = (
    'PatientID,StudyUID,View,Subject,Slice,X,Y,Width,Height,Class,AD,VolumeSlices\n'
    'p1,s1,lcc,1,3,10,20,30,40,cancer,0,60\np1,s1,lcc,1,5.0,12,22,30,40,benign,1,60\n'
)
_HOSTILE_CELLS = (
    '<row r="5000">', '<c t="s"><v>99</v></c>', '<c t="n"><v>1e999</v></c>', '<c r="ZZZZZ1">', '<c s="77">',
    '<c t="d"><v>99999-99-99</v></c>', '<c t="e"><v>#REF!</v></c>',
)  # fmt: skip
SHEET = [['ID1', 'LeftRight', 'Age'], ['D1-0001', 'L', '44'], ['D1-0002', 'R', '45']]


class _FileTarget(ABC):
    """Files with given content."""

    content: dict[str, bytes]

    def set_up(self, folder: Path) -> None:
        self.folder = folder
        self.restore()

    def restore(self) -> None:
        for name, content in self.content.items():
            path = self.folder / name
            path.unlink(missing_ok=True)
            path.write_bytes(content)

    def names(self) -> tuple[str, ...]:
        return tuple(self.content)

    def damage(self, rng: Random) -> None:
        path = self.folder / rng.choice(list(self.content))
        if rng.random() < 0.02:
            path.unlink()
            path.symlink_to(rng.choice(('/etc/passwd', path.name, '/dev/null')))
        else:
            path.write_bytes(self.mutate(rng, path.read_bytes()))

    @abstractmethod
    def mutate(self, rng: Random, content: bytes) -> bytes:
        """A damaged file."""


class AnnotationFiles(_FileTarget):
    """The annotation file."""

    name, cases, errors = 'annotations', 1500, (AnnotationError,)
    content = {'annotations.json': json.dumps(ANNOTATIONS).encode()}

    def mutate(self, rng: Random, content: bytes) -> bytes:
        return mutate_json(rng, content)

    def read(self, out: Path) -> None:
        write_annotations(out / 'again.json', read_annotations(self.folder / 'annotations.json'))


class PredictionFiles(_FileTarget):
    """The predictions table, read strictly and leniently."""

    name, cases, errors = 'predictions', 800, (PredictionsError, OSError)
    content = {'predictions.csv': PREDICTIONS.encode()}

    def mutate(self, rng: Random, content: bytes) -> bytes:
        return mutate_table(rng, content)

    def read(self, out: Path) -> None:
        try:
            read_predictions(self.folder / 'predictions.csv')
        finally:
            read_predictions(self.folder / 'predictions.csv', lenient=True)


class ChallengeTables(_FileTarget):
    """Labels and boxes of the DBTex challenge."""

    name, cases, errors = 'dbtex-tables', 400, (ValueError,)
    content = {'labels.csv': LABELS.encode(), 'boxes.csv': BOXES.encode()}

    def mutate(self, rng: Random, content: bytes) -> bytes:
        return mutate_table(rng, content)

    def read(self, out: Path) -> None:
        read_dbtex_tables(self.folder / 'labels.csv', self.folder / 'boxes.csv')


class Workbooks(_FileTarget):
    """Tables in .xlsx files, bombs among them."""

    name, cases, errors = 'workbooks', 400, (ConversionError,)
    content = {'table.xlsx': workbook(sheet_data(SHEET))}

    def mutate(self, rng: Random, content: bytes) -> bytes:
        kind = rng.random()
        if kind < 0.08:
            return workbook_bomb(rng.choice(WORKBOOK_BOMBS))
        if kind < 0.5:
            return mutate_bytes(rng, content)
        sheet = sheet_data(SHEET).encode()
        old = rng.choice((b'D1-0001', b'<row>', b'<c t="inlineStr">', b'ID1', b'44', b'LeftRight'))
        damaged = sheet.replace(old, rng.choice((*HOSTILE_TEXTS, *_HOSTILE_CELLS)).encode('utf-8', 'replace'), 1)
        return workbook(mutate_bytes(rng, damaged) if rng.random() < 0.3 else damaged)

    def read(self, out: Path) -> None:
        read_sheet(self.folder / next(iter(self.content)), SHEET[0][:2], ConversionReport(), SHEET[0])


class OldWorkbooks(Workbooks):
    """Tables in .xls files."""

    name, cases, content = 'old-workbooks', 400, {'table.xls': b''}

    def set_up(self, folder: Path) -> None:
        self.content = {'table.xls': write_xls(folder / 'table.xls', SHEET).read_bytes()}
        super().set_up(folder)

    def mutate(self, rng: Random, content: bytes) -> bytes:
        return mutate_bytes(rng, content)


TARGETS = (AnnotationFiles, PredictionFiles, ChallengeTables, Workbooks, OldWorkbooks)
