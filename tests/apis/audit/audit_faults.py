"""A copy of a phantom data set with one fault of every kind, each at a known image."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

Planted = set[tuple[str, str, int | None]]
"""Check, severity and image, or None where it concerns no image that could be read."""


class FaultyDataset:
    """The data set of ``phantom_root`` with faults.

    Args:
        root: folder with ``phantoms`` and ``phantoms.json``.
        folder: where the copy goes.

    Attributes:
        path: the annotation file, once written.
        planted: what an audit must find beyond notes, nothing more and nothing less.
        notes: what it must note among other things.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        shutil.copytree(root / 'phantoms', folder / 'phantoms')
        self.path = folder / 'phantoms.json'
        self.content = json.loads((root / 'phantoms.json').read_text())
        self.planted: Planted = set()
        self.notes: Planted = set()

    def write(self) -> FaultyDataset:
        self.path.write_text(json.dumps(self.content))
        return self

    def image(self, patient: str, view: str, modality: str) -> dict[str, Any]:
        """An image record, such as that of ``('P00001', 'lcc', 'FFDM')``."""
        key = (f'DBT-{patient}', view, modality)
        (found,) = [
            i for i in self.content['images'] if (i['patient_id'], i['view_name'], i['modality']) == key
        ]  # fmt: skip
        return found

    def file(self, image: dict[str, Any]) -> Path:
        return self.path.parent / 'phantoms' / image['file_name']

    @contextmanager
    def header(self, image: dict[str, Any]) -> Iterator[Dataset]:
        """The DICOM data set of an image, to be changed."""
        dataset = dcmread(self.file(image))
        yield dataset
        dataset.save_as(self.file(image), enforce_file_format=True)

    def change_pixels(self, image: dict[str, Any], change: Callable[[np.ndarray], np.ndarray]) -> None:
        """Replaces stored values; the file is uncompressed afterwards."""
        with self.header(image) as dataset:
            values = np.ascontiguousarray(change(dataset.pixel_array.copy()))
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.PixelData = values.astype('<u2').tobytes()
            dataset['PixelData'].VR = 'OW'
            dataset['PixelData'].is_undefined_length = False

    def add_box(self, image: dict[str, Any], box: list[float], **changes: Any) -> None:
        annotations = self.content['annotations']
        new = {'id': len(annotations) + 1, 'image_id': image['id'], 'category_id': 2, 'bbox': box, 'slice': 0}
        annotations.append({**new, **changes})

    def box_of(self, image: dict[str, Any]) -> dict[str, Any]:
        """The first box of an image."""
        return next(a for a in self.content['annotations'] if a['image_id'] == image['id'])

    def expect(self, check: str, severity: str, *images: dict[str, Any] | None) -> None:
        target = self.notes if severity == 'note' else self.planted
        target.update((check, severity, None if image is None else image['id']) for image in images)


def plant_record_faults(data: FaultyDataset) -> None:
    """Faults that show in the annotation file alone."""
    in_test = data.image('P00002', 'rmlo1', 'DBT')
    in_test['split'] = 'test'
    patient = [image for image in data.content['images'] if image['patient_id'] == 'DBT-P00002']
    data.expect('patient_in_two_splits', 'error', *patient)

    over_border = data.image('P00004', 'rcc', 'SM')
    data.add_box(over_border, [35, 24, 6, 5])
    data.expect('box_outside_image', 'error', over_border)

    beyond = data.image('P00006', 'lcc', 'DBT')
    data.box_of(beyond).update(slice=25, slice_range=None)
    data.expect('slice', 'error', beyond)

    tiny = data.image('P00006', 'rmlo', 'SM')
    data.add_box(tiny, [37, 33, 0.2, 0.2])
    huge = data.image('P00004', 'rcc', 'DBT')
    data.add_box(huge, [24, 12, 40, 68], slice=3)
    data.expect('box_size', 'warning', tiny, huge)

    repeated = data.image('P00001', 'rcc', 'DBT')
    data.add_box(repeated, data.box_of(repeated)['bbox'], slice=data.box_of(repeated)['slice'])
    data.expect('box_repeated', 'warning', repeated)

    contradicting = data.image('P00005', 'rcc', 'FFDM')
    contradicting['labels']['malignant'] = 0
    data.expect('labels', 'warning', contradicting)

    stranger, owner = data.image('P00006', 'lcc', 'FFDM'), data.image('P00005', 'rcc', 'SM')
    lesion = data.box_of(owner)['lesion_id']
    data.box_of(stranger)['lesion_id'] = lesion
    holders = {a['image_id'] for a in data.content['annotations'] if a.get('lesion_id') == lesion}
    data.expect('lesion_id', 'warning', *[image for image in data.content['images'] if image['id'] in holders])

    lost = data.image('P00003', 'lmlo', 'SM')
    data.content['images'].remove(lost)
    data.expect('missing_view', 'warning', data.image('P00003', 'lcc', 'SM'))

    unassigned = data.image('P00006', 'rmlo', 'DBT')
    unassigned['split'] = None
    data.expect('class_balance', 'warning', unassigned)

    data.content['images'].append({**tiny, 'id': 900, 'modality': 'CT', 'view_name': 'rmlo9'})
    data.add_box(over_border, [1, 1, 2, 2], category_id=7)
    data.expect('broken_record', 'error', None)


def plant_header_faults(data: FaultyDataset) -> None:
    """Faults in files whose pixels stay as they are."""
    truncated, missing = data.image('P00004', 'rmlo', 'FFDM'), data.image('P00004', 'rmlo', 'SM')
    content = data.file(truncated).read_bytes()
    data.file(truncated).write_bytes(content[: len(content) // 2])
    data.file(missing).unlink()
    data.expect('unreadable_file', 'error', truncated, missing)

    first, second = data.image('P00005', 'lcc', 'FFDM'), data.image('P00006', 'rcc', 'FFDM')
    with data.header(second) as dataset:
        dataset.StudyInstanceUID = dcmread(data.file(first)).StudyInstanceUID
    same_study = [image for image in data.content['images'] if image['patient_id'] == 'DBT-P00005']
    data.expect('shared_identity', 'warning', second, *same_study)

    resized = data.image('P00004', 'rmlo', 'DBT')
    resized['height'] = 95
    data.expect('size_in_header', 'error', resized)

    renamed = data.image('P00006', 'lmlo', 'SM')
    with data.header(renamed) as dataset:
        dataset.ImageType, dataset.SeriesDescription = ['ORIGINAL', 'PRIMARY'], 'L MLO'
    data.expect('modality_in_header', 'warning', renamed)

    scaled = data.image('P00003', 'lcc', 'SM')
    scaled['spacing_mm'] = [1.0, 1.0]
    data.expect('spacing', 'warning', scaled)

    wrong_side = data.image('P00004', 'rcc', 'FFDM')
    with data.header(wrong_side) as dataset:
        dataset.ImageLaterality = 'L'
    data.expect('view_in_header', 'warning', wrong_side)
    data.expect('header_doubt', 'warning', wrong_side)  # Series Description says the other side

    magnified = data.image('P00001', 'rmlo', 'SM')
    with data.header(magnified) as dataset:
        modifier = Dataset()
        modifier.CodeValue, modifier.CodingSchemeDesignator, modifier.CodeMeaning = '399163009', 'SCT', 'magnification'
        dataset.ViewCodeSequence[0].ViewModifierCodeSequence = [modifier]
    data.expect('special_view', 'warning', magnified)

    implant = data.image('P00001', 'rmlo', 'FFDM')
    with data.header(implant) as dataset:
        dataset.BreastImplantPresent = 'YES'
    data.expect('implant', 'note', implant)

    raw = data.image('P00001', 'rcc', 'FFDM')
    with data.header(raw) as dataset:
        dataset.PresentationIntentType, dataset.PixelIntensityRelationshipSign = 'FOR PROCESSING', -1
    data.expect('raw_image', 'warning', raw)

    unwindowed = data.image('P00002', 'lcc', 'FFDM')
    with data.header(unwindowed) as dataset:
        del dataset.WindowCenter, dataset.WindowWidth
    data.expect('voi', 'warning', unwindowed)

    renamed_vendor = data.image('P00002', 'lmlo', 'DBT')
    renamed_vendor['manufacturer'] = 'Nobody'
    data.expect('manufacturer', 'note', renamed_vendor)


def plant_pixel_faults(data: FaultyDataset) -> None:
    """Faults that only decoded pixels show."""
    original, copy = data.image('P00003', 'lcc', 'DBT'), data.image('P00004', 'lcc', 'DBT')
    data.file(copy).write_bytes(data.file(original).read_bytes())
    with data.header(copy) as dataset:  # another header around the same compressed pixels
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = '1.2.3.4'
        dataset.StudyInstanceUID, dataset.PatientID = '1.2.3', copy['patient_id']
        copy['num_slices'] = int(dataset.NumberOfFrames)
    same = {'manufacturer': original['manufacturer'], 'spacing_mm': original['spacing_mm']}
    copy.update(same)
    data.content['annotations'] = [a for a in data.content['annotations'] if a['image_id'] != copy['id']]
    data.expect('duplicate_image', 'error', original, copy)

    mirrored = data.image('P00003', 'lmlo', 'FFDM')
    data.change_pixels(mirrored, lambda values: values[:, ::-1])
    data.expect('chest_wall', 'warning', mirrored)

    inverted = data.image('P00003', 'lcc', 'FFDM')
    with data.header(inverted) as dataset:
        dataset.PhotometricInterpretation = 'MONOCHROME1'
    data.expect('polarity', 'warning', inverted)
    data.expect('monochrome1', 'note', inverted)

    invisible = data.image('P00002', 'lmlo', 'FFDM')
    with data.header(invisible) as dataset:
        dataset.WindowCenter, dataset.WindowWidth = 2000, 400000
    data.expect('shown_range', 'warning', invisible)

    clipped = data.image('P00005', 'rmlo', 'FFDM')
    with data.header(clipped) as dataset:
        values = dataset.pixel_array
        dataset.WindowCenter, dataset.WindowWidth = float(np.percentile(values[values > 200], 30)), 200
    data.expect('clipped_breast', 'warning', clipped)

    grey = data.image('P00003', 'rcc', 'FFDM')
    with data.header(grey) as dataset:
        dataset.WindowCenter, dataset.WindowWidth = 1000, 32000
    data.expect('grey_air', 'warning', grey)

    blank = data.image('P00002', 'lcc', 'DBT')
    data.change_pixels(blank, np.zeros_like)
    data.expect('blank_image', 'error', blank)

    beside = data.image('P00006', 'rmlo', 'FFDM')
    data.add_box(beside, [1, 1, 5, 5])
    data.expect('box_outside_breast', 'warning', beside)

    plain = data.image('P00005', 'lmlo', 'SM')
    data.change_pixels(plain, lambda values: paint_even_tissue(values, data.box_of(plain)['bbox']))
    data.expect('box_contrast', 'note', plain)


def paint_even_tissue(values: np.ndarray, box: list[float]) -> np.ndarray:
    """Fills a box and its surroundings with a fine pattern in which nothing stands out."""
    rows, columns = np.indices(values.shape)
    x, y, width, height = box
    near = (abs(columns - x - width / 2) < 1.5 * width) & (abs(rows - y - height / 2) < 1.5 * width)
    return np.where(near & (values > 0), 1500 + 50 * ((rows + columns) % 3), values)
