"""A marker in every attribute that may identify, at any depth and in private groups: none is in any written byte."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import DicomDictionary
from pydicom.sequence import Sequence

from mammo_plugins.apis.deidentify.file_job import FileJob, run_job
from mammo_plugins.apis.phantoms import make_exam
from mammo_plugins.commands import deidentify
from mammo_plugins.io import read_header
from mammo_plugins.io.deidentify.kept_elements import kept_elements
from tests.apis.deidentify.confidential_attributes import CONFIDENTIAL
from tests.fuzz.dicom_mutations import mutate_dicom
from tests.result_objects import measurement_report, presentation_state, segmentation
from tests.test_privacy import TEXT_VRS, find_markers

pytestmark = pytest.mark.filterwarnings('ignore')

BROKEN_COPIES = 40

_NEVER = {'SpecificCharacterSet', 'BurnedInAnnotation', 'SpecimenDescriptionSequence'}
"""Decide how texts are read, and whether the file is refused."""


class Planter:
    """Hands out markers and remembers where they were planted."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def marker(self, place: str) -> str:
        self.places.append(place)
        return f'ZQ{len(self.places) - 1:05}QZ'

    def plant(self, dataset: Dataset) -> Dataset:
        """Into all text elements and sequences of the dictionary but technical ones, and into what is there."""
        technical = kept_elements(dataset.SOPClassUID) - {*CONFIDENTIAL, 'ContributingEquipmentSequence'} | _NEVER
        self._plant_items(dataset, technical, '')
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
            if not 0x0008 <= tag >> 16 < 0x5000 or not keyword or keyword in technical:
                continue
            if vr in TEXT_VRS:
                self._set(dataset, tag, vr, self.marker(keyword))
            elif vr == 'SQ' and keyword != 'GraphicAnnotationSequence':
                dataset.add_new(tag, vr, Sequence([self._item(keyword)]))
        for group in (0x0009, 0x0019, 0x7F01):
            block = dataset.private_block(group, self.marker('private creator'), create=True)
            block.add_new(1, 'LO', self.marker('private text'))
            block.add_new(2, 'SQ', Sequence([self._item('private')]))
        dataset.file_meta.SourceApplicationEntityTitle = self.marker('SourceApplicationEntityTitle')
        dataset.preamble = self.marker('preamble').encode().ljust(128, b'\0')
        return dataset

    def _plant_items(self, dataset: Dataset, technical: frozenset[str], where: str) -> None:
        """Into the items of sequences that stay: names and meanings that have no business there."""
        for element in list(dataset):
            for item in element.value if element.VR == 'SQ' else ():
                self._plant_items(item, technical, f'{where}{element.keyword}.')
                item.PatientName = self.marker(f'{where}{element.keyword}.PatientName')
                if 'CodeMeaning' in item:
                    item.CodeMeaning = self.marker(f'{where}{element.keyword}.CodeMeaning')

    def _item(self, keyword: str) -> Dataset:
        item, deeper = Dataset(), Dataset()
        deeper.PatientName, deeper.PatientBirthDate = self.marker(f'{keyword}..'), self.marker(f'{keyword}..date')
        item.PatientAddress, item.CodeMeaning = self.marker(f'{keyword}.address'), self.marker(f'{keyword}.meaning')
        item.ReferencedPatientSequence = Sequence([deeper])
        return item

    @staticmethod
    def _set(dataset: Dataset, tag: int, vr: str, marker: str) -> None:
        told = str(dataset[tag].value) if tag in dataset and dataset[tag].keyword == 'SeriesDescription' else ''
        dataset.add_new(tag, vr, f'{told} {marker}'.strip())


def uids_of(dataset: Dataset) -> set[str]:
    """UIDs that are none of the standard's, at any depth."""
    found = set()
    for element in dataset:
        for item in element.value if element.VR == 'SQ' else ():
            found |= uids_of(item)
        if element.VR == 'UI' and not element.keyword.endswith('ClassUID'):
            found |= {str(uid) for uid in ([element.value] if isinstance(element.value, str) else element.value)}
    return {uid for uid in found if uid and not uid.startswith('1.2.840.10008.')}


@pytest.fixture(scope='module', name='planted')
def planted_fixture(tmp_path_factory) -> tuple[Path, Planter]:
    """An exam with its report, marks and segmentation, full of markers, in a folder that is one."""
    planter = Planter()
    folder = tmp_path_factory.mktemp('marked') / planter.marker('folder')
    make_exam(folder, seed=6, modalities=('FFDM', 'DBT'), size='96x64x8')
    for file in sorted(folder.iterdir())[4:]:
        file.unlink()
    images = {read_header(file).modality: dcmread(file) for file in sorted(folder.iterdir())}
    marks = presentation_state(images['FFDM'], ['0.93', planter.marker('text object')])
    layer = planter.marker('layer')
    for item in (*marks.GraphicLayerSequence, *marks.GraphicAnnotationSequence):
        item.GraphicLayer = layer
    made = [
        measurement_report(images['DBT'], tracking=planter.marker('tracking')),
        marks,
        segmentation(images['DBT'], label=planter.marker('segment')),
    ]
    for number, dataset in enumerate(made):
        dataset.save_as(folder / f'{planter.marker("file")}-{number}.dcm', enforce_file_format=True)
    for file in sorted(folder.iterdir()):
        planter.plant(dcmread(file)).save_as(file, enforce_file_format=True)
    return folder, planter


def test_markers_stand_in_each_confidential_attribute_of_every_file(planted):
    folder, planter = planted
    assert {*CONFIDENTIAL} - {'GraphicAnnotationSequence'} <= {place.split('.')[0] for place in planter.places}
    found = find_markers(folder)
    assert len(found) == 7 and all(len(markers) > 2500 for markers in found.values())


def test_no_marker_and_no_uid_is_in_any_written_byte(planted, tmp_path, capfd):
    folder, planter = planted
    assert deidentify.main([str(folder), str(tmp_path / 'out'), '--workers', '0', '--no-progress', '--strict']) == 0
    said = capfd.readouterr()
    assert '4 images and 3 other objects written' in said.out and not re.search(r'ZQ\d{5}QZ', said.out + said.err)
    leaks = find_markers(tmp_path / 'out')
    assert not leaks, {name: [planter.places[int(m[2:7])] for m in found] for name, found in leaks.items()}
    uids = {uid for file in folder.iterdir() for uid in uids_of(dcmread(file))}
    assert len(uids) > 15
    for file in (tmp_path / 'out').rglob('*.dcm'):
        content = file.read_bytes()
        assert [uid for uid in uids if uid.encode() in content] == []


def test_broken_copies_give_nothing_away(planted, tmp_path):
    """Lengths and types of elements that are wrong make one element of what were several."""
    folder, _ = planted
    files, written, path = sorted(folder.iterdir()), 0, tmp_path / 'broken.dcm'
    for number in range(BROKEN_COPIES):
        rng = Random(number)
        path.write_bytes(mutate_dicom(rng, rng.choice(files).read_bytes()))
        result = run_job(FileJob(path, tmp_path / str(number), b'k' * 32))
        assert 'ZQ' not in result.reason, number
        if result.file is not None:
            written += 1
            assert find_markers(tmp_path / str(number)) == {}, number
    assert BROKEN_COPIES // 5 < written < BROKEN_COPIES


def test_the_search_finds_what_is_kept_on_purpose(planted, tmp_path):
    folder, planter = planted
    file = next(file for file in sorted(folder.iterdir()) if file.name.startswith('image'))
    dataset = dcmread(file)
    dataset.SoftwareVersions = planter.marker('SoftwareVersions')
    dataset.save_as(tmp_path / 'a.dcm')
    assert deidentify.main([str(tmp_path / 'a.dcm'), str(tmp_path / 'out'), '--workers', '0', '--no-progress']) == 0
    assert {planter.places[int(m[2:7])] for m in set().union(*find_markers(tmp_path / 'out').values())} == {
        'SoftwareVersions'
    }
