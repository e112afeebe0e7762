"""Phantoms in the layout of CBIS-DDSM: films, masks and cropped images in folders of cases, and its four tables.

Its oddities are there too: names of masks and cropped images swapped between masses and calcifications, one path a row
that ends in a newline, files on disk with other names than in the tables, two spellings of the density column, one film
as two series where it has masses and calcifications, patients in training and test tables, masks a little too large.
Breasts without findings are not part of this release.

Source: Lee et al., Scientific Data 4:170177 (2017); layout as downloaded from The Cancer Imaging Archive.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from mammo_plugins.io import read_mammogram

from ..bcs_dbt_release import FindingRow, ImageRow
from .release_rows import pair_with_findings, write_rows

_COLUMNS = {
    'mass': (
        'patient_id', 'breast_density', 'left or right breast', 'image view', 'abnormality id', 'abnormality type',
        'mass shape', 'mass margins', 'assessment', 'pathology', 'subtlety', 'image file path',
        'cropped image file path', 'ROI mask file path',
    ),
    'calc': (
        'patient_id', 'breast density', 'left or right breast', 'image view', 'abnormality id', 'abnormality type',
        'calc type', 'calc distribution', 'assessment', 'pathology', 'subtlety', 'image file path',
        'cropped image file path', 'ROI mask file path',
    ),
}  # fmt: skip
_DESCRIPTORS = {  # by type and whether malignant
    ('mass', True): ('IRREGULAR', 'SPICULATED'),
    ('mass', False): ('OVAL', 'CIRCUMSCRIBED'),
    ('distortion', True): ('ARCHITECTURAL_DISTORTION', 'ILL_DEFINED'),
    ('distortion', False): ('ARCHITECTURAL_DISTORTION', 'ILL_DEFINED'),
    ('calcification', True): ('PLEOMORPHIC', 'CLUSTERED'),
    ('calcification', False): ('COARSE', 'N/A'),
}
_SPLITS = {'train': 'Training', 'test': 'Test'}
_SIDES = {'l': 'LEFT', 'r': 'RIGHT'}
_EXTRA_MASK_PIXELS = 2
_UID_ROOT = '1.3.6.1.4.1.9590.100.1.2.'


def write_cbis_ddsm(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the mammograms that have findings as CBIS-DDSM.

    Args:
        source: folder of the generic phantoms.
        folder: empty folder to write into.
        images, findings: rows of the phantoms.
        seed: of UIDs, and of which rows get an oddity.
    """
    found = [(image, finding) for image, own in pair_with_findings(images, findings) for finding in own]
    _ReleaseWriter(source, folder, found, np.random.default_rng(seed)).write()


class _ReleaseWriter:
    """Writes the files of one finding after the other and collects the rows of the tables."""

    def __init__(
        self, source: Path, folder: Path, found: Sequence[tuple[ImageRow, FindingRow]], rng: np.random.Generator
    ) -> None:
        self.source, self.folder, self.found, self.rng = source, folder, found, rng
        self.rows: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
        self.films: dict[str, str] = {}
        chosen = rng.permutation(len(found)).tolist()
        # One finding each, where there are as many: of a mask that is too large, and of two series for its files.
        self.enlarged, self.apart = chosen[:1], chosen[1:2]
        self.overlapping = _patients_of_both_kinds([finding for _, finding in found])

    def write(self) -> None:
        """Writes everything."""
        numbers: Counter[str] = Counter()
        for index, (image, finding) in enumerate(self.found):
            numbers[image.path] += 1
            self._write_finding(index, finding, image, numbers[image.path])
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind, columns in _COLUMNS.items():
            for split in _SPLITS:
                path = self.folder / f'{kind}_case_description_{split}_set.csv'
                write_rows(path, columns, self.rows[kind, split])

    def _write_finding(self, index: int, finding: FindingRow, image: ImageRow, number: int) -> None:
        kind, split = _kind(finding), self._split(finding, image)
        patient, side, position = _patient_id(finding.patient_id), _SIDES[finding.view[0]], finding.view[1:].upper()
        case = f'{kind.capitalize()}-{_SPLITS[split]}_{patient}_{side}_{position}'
        film = read_mammogram(self.source / image.path, voi='none').pixels
        if case not in self.films:
            series = self._series(case)
            pixels = np.round(film * 65535).astype(np.uint16)
            self._save(series, '1-1.dcm', pixels, case, position, 'full mammogram images')
            self.films[case] = f'{series}/000000.dcm'
        mask_path, crop_path = self._write_roi(index, finding, film, f'{case}_{number}', position)
        benign = 'BENIGN_WITHOUT_CALLBACK' if self.rng.uniform() < 0.3 else 'BENIGN'
        is_malignant = finding.malignancy == 'malignant'
        values = (
            patient, 'ABCD'.index(image.density) + 1, side, position, number,
            'calcification' if kind == 'calc' else 'mass', *_DESCRIPTORS[finding.type, is_malignant], image.birads,
            'MALIGNANT' if is_malignant else benign, int(self.rng.integers(1, 6)), self.films[case],
            crop_path + ('\n' if kind == 'calc' else ''), mask_path + ('\n' if kind == 'mass' else ''),
        )  # fmt: skip
        self.rows[kind, split].append(dict(zip(_COLUMNS[kind], values, strict=True)))

    def _split(self, finding: FindingRow, image: ImageRow) -> str:
        """As published: by kind, so that a patient may be in a training and in a test table; no validation."""
        if finding.patient_id in self.overlapping:
            return 'test' if _kind(finding) == 'calc' else 'train'
        return 'test' if image.split == 'test' else 'train'

    def _write_roi(
        self, index: int, finding: FindingRow, film: npt.NDArray[np.float32], case: str, position: str
    ) -> tuple[str, str]:
        """Mask and cropped image of a finding; gives their paths in the table."""
        with Image.open(self.source / finding.mask) as picture:
            mask = np.asarray(picture) > 0
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        crop = film[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if index in self.enlarged:
            mask = np.pad(mask, ((0, _EXTRA_MASK_PIXELS), (0, 1)))
        series = self._series(case)
        crop_series = self._series(case) if index in self.apart else series
        # Which of the two comes first on disk depends on the download, and both carry the description of one.
        mask_name, crop_name = self.rng.permutation(['1-1.dcm', '1-2.dcm']).tolist()
        self._save(series, mask_name, mask.astype(np.uint8) * 255, case, position, 'ROI mask images')
        self._save(crop_series, crop_name, np.round(crop * 65535).astype(np.uint16), case, position, 'ROI mask images')
        if index in self.apart:
            return f'{series}/000000.dcm', f'{crop_series}/000000.dcm'
        names = ('000000.dcm', '000001.dcm') if _kind(finding) == 'calc' else ('000001.dcm', '000000.dcm')
        return f'{series}/{names[0]}', f'{crop_series}/{names[1]}'

    def _series(self, case: str) -> str:
        return f'{case}/{self._uid()}/{self._uid()}'

    def _uid(self) -> str:
        return _UID_ROOT + '1' + ''.join(map(str, self.rng.integers(0, 10, 37)))

    def _save(self, series: str, name: str, pixels: npt.NDArray, case: str, position: str, description: str) -> None:
        """Secondary Capture of 8 or 16 bits, its patient named like the case; no side, no view code, no spacing."""
        dataset, meta = Dataset(), FileMetaDataset()
        dataset.file_meta, meta.TransferSyntaxUID = meta, ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, self._uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = series.split('/')[1:]
        dataset.PatientID = dataset.PatientName = case
        dataset.StudyID, dataset.Modality, dataset.ConversionType = 'DDSM', 'MG', 'WSD'
        dataset.SeriesDescription, dataset.BodyPartExamined = description, 'BREAST'
        dataset.PatientOrientation = position
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, 'MONOCHROME2', 0
        bits = 8 * pixels.itemsize
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
        content = np.ascontiguousarray(pixels).tobytes()
        dataset.PixelData = content + b'\0' * (len(content) % 2)
        dataset['PixelData'].VR = 'OB' if bits == 8 else 'OW'
        path = self.folder / series / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)


def _patients_of_both_kinds(findings: Sequence[FindingRow]) -> set[str]:
    """The first patient who has masses and calcifications, if there is one."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        kinds[finding.patient_id].add(_kind(finding))
    return set(sorted(patient for patient, found in kinds.items() if len(found) == 2)[:1])


def _kind(finding: FindingRow) -> str:
    return 'calc' if finding.type == 'calcification' else 'mass'


def _patient_id(phantom_id: str) -> str:
    """``P_00001`` of ``DBT-P00001``."""
    return f'P_{int("".join(filter(str.isdecimal, phantom_id))):05}'
