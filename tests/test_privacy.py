"""Identifiers in every text tag come out of nothing: no log, annotation file, cache, report, prediction or file name.

Each text-like element that is no id of the annotation file gets a marker of its own (``ZQ01234QZ``), in the data set,
in nested sequences and in private groups. Then everything that the project does with images runs on them, and every
file that it has written is searched, inside of compressed ones too. There are two exceptions: DICOM results hold the
patient and study modules of their images, see ``tests/apis/dicom_results/test_privacy.py``, and
``studies/index.sqlite`` of a run of ``mammo predict`` holds Study Dates.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import Dataset, dcmread
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.sequence import Sequence

from mammo_plugins.apis.audit import audit_dataset, write_audit_json, write_audit_page
from mammo_plugins.apis.cache import cache_volumes
from mammo_plugins.apis.convert import convert_dataset, print_summary
from mammo_plugins.apis.doctor import run_doctor
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from mammo_plugins.commands import evaluate, evidence, model, predict, report, synthesize
from mammo_plugins.io import UnreadableImageError, open_image
from mammo_plugins.io.dicom_header import _KEYWORDS
from mammo_plugins.io.dicom_out.source_headers import COPIED_KEYWORDS
from mammo_plugins.io.dicom_purpose import FREE_TEXTS
from tests.apis.conftest import ffdm_checkpoint, phantom_root, quick_options  # noqa: F401 - fixtures
from tests.fuzz.dicom_mutations import mutate_dicom
from tests.io.dicom_builder import mammogram, save, stored_breast

pytestmark = pytest.mark.filterwarnings('ignore')

MARKER = re.compile(rb'ZQ\d{5}QZ')
TEXT_VRS = ('AE', 'AS', 'CS', 'DA', 'DT', 'LO', 'LT', 'PN', 'SH', 'ST', 'TM', 'UC', 'UR', 'UT')
# What is written out on purpose, or decides how an image is read: ids, maker, view, pixel format.
NEEDED = _KEYWORDS - {*FREE_TEXTS} | {'SpecificCharacterSet', 'CodeValue', 'CodingSchemeDesignator'}
BROKEN_COPIES = 400
CONFIG = 'configs/demo/mnm_ffdm.py'


class Planted:
    """Hands out markers and remembers where each one was planted."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def marker(self, place: str) -> str:
        self.places.append(place)
        return f'ZQ{len(self.places) - 1:05}QZ'

    def plant_everywhere(self, path: Path) -> None:
        """Into each text element of the dictionary, each sequence, private groups, meta information and preamble."""
        dataset = dcmread(path)
        self._plant_existing(dataset, '')
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
            if not 0x0008 <= tag >> 16 < 0x5000 or not keyword or keyword in NEEDED or tag in dataset:
                continue
            if vr in TEXT_VRS:
                dataset.add_new(tag, vr, self.marker(keyword))
            elif vr == 'SQ':
                dataset.add_new(tag, vr, Sequence([self._item(keyword)]))
        self._plant_private(dataset)
        dataset.file_meta.SourceApplicationEntityTitle = self.marker('SourceApplicationEntityTitle')
        dataset.preamble = self.marker('preamble').encode().ljust(128, b'\0')
        dataset.save_as(path, enforce_file_format=True)

    def _plant_existing(self, dataset: Dataset, where: str) -> None:
        for element in list(dataset):
            keyword = keyword_for_tag(element.tag)
            if element.VR == 'SQ':
                for item in element.value:
                    self._plant_existing(item, f'{where}{keyword}.')
                    item.add_new('PatientName', 'PN', self.marker(f'{where}{keyword}.PatientName'))
            elif keyword == 'SeriesDescription':
                element.value = f'{element.value} {self.marker(keyword)}'
            elif element.VR in TEXT_VRS and keyword not in NEEDED:
                element.value = self.marker(where + keyword)

    def _item(self, keyword: str) -> Dataset:
        item, deeper = Dataset(), Dataset()
        deeper.PatientName, deeper.PatientBirthDate = self.marker(f'{keyword}..'), self.marker(f'{keyword}..date')
        item.PatientAddress, item.CodeMeaning = self.marker(f'{keyword}.address'), self.marker(f'{keyword}.meaning')
        item.ReferencedPatientSequence = Sequence([deeper])
        return item

    def _plant_private(self, dataset: Dataset) -> None:
        for group in (0x0009, 0x0019, 0x7F01):
            block = dataset.private_block(group, self.marker('private creator'), create=True)
            block.add_new(1, 'LO', self.marker('private text'))
            block.add_new(2, 'UN', self.marker('private bytes').encode() + b' ')
            block.add_new(3, 'SQ', Sequence([self._item('private')]))


def copied_places() -> set[str]:
    """Where the markers come from that DICOM results may hold: patient and study are copied, and of codes their parts.

    This is the one exception to the rule that no identifier comes out: an archive files results by them.
    """
    return {*COPIED_KEYWORDS, *(f'{keyword}.meaning' for keyword in COPIED_KEYWORDS)}


def find_markers(folder: Path, pattern: re.Pattern[bytes] = MARKER) -> dict[str, set[bytes]]:
    """File to the markers in its name or, after unpacking, its content."""
    found = {}
    for path in folder.rglob('*'):
        parts = [str(path.relative_to(folder)).encode()]
        if path.is_file():
            parts += _contents(path)
        if markers := {marker for part in parts for marker in pattern.findall(part)}:
            found[path.relative_to(folder).as_posix()] = markers
    return found


def _contents(path: Path) -> Iterator[bytes]:
    if path.suffix == '.b2nd':
        import blosc2

        stored = blosc2.open(str(path), mode='r')
        yield repr(stored.schunk.vlmeta.getall()).encode()
        yield stored[...].tobytes()
    yield from _unpack(path.read_bytes())


def _unpack(content: bytes) -> Iterator[bytes]:
    """Content, and what is packed in it, at any depth."""
    yield content
    if content.startswith(b'PK'):  # checkpoints are archives too
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _unpack(archive.read(name))
    elif content.startswith(b'\x89PNG'):
        yield from _unpack_png(content)
    elif content.lstrip()[:1] in (b'{', b'['):
        yield _without_escapes(content)
    for match in re.finditer(rb'base64,([A-Za-z0-9+/=]+)', content):
        yield from _unpack(base64.b64decode(match[1]))


def _unpack_png(content: bytes) -> Iterator[bytes]:
    """Chunks, and whatever is a compressed stream somewhere in a chunk of text."""
    place = 8
    while place + 8 <= len(content):
        (length,) = struct.unpack('>L', content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        for start in range(len(data)) if kind in (b'zTXt', b'iTXt', b'iCCP') else (0,):
            try:
                yield zlib.decompressobj().decompress(data[start:])
            except zlib.error:
                continue
        place += 12 + length


def _without_escapes(content: bytes) -> bytes:
    try:
        return json.dumps(json.loads(content), ensure_ascii=False).encode()
    except ValueError:
        return b''


def _png(text: str, **options) -> bytes:
    info, stream = PngInfo(), BytesIO()
    info.add_text('Comment', text, **options)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(stream, format='PNG', pnginfo=info)
    return stream.getvalue()


def _zip(name: str, content: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def _store_volume(path: Path, marker: str) -> None:
    blosc2 = pytest.importorskip('blosc2')
    stored = blosc2.asarray(np.zeros((2, 9, 9), np.uint16), urlpath=str(path), mode='w')
    stored.schunk.vlmeta['record'] = {'name': marker}


@pytest.mark.parametrize(
    'plant',
    [
        lambda folder, marker: (folder / f'{marker}.txt').touch(),
        lambda folder, marker: (folder / marker).mkdir(),
        lambda folder, marker: (folder / 'a.log').write_text(f'read {marker}.dcm'),
        lambda folder, marker: (folder / 'a.json').write_text(f'["{marker}"]'.replace('Z', '\\u005a')),
        lambda folder, marker: (folder / 'a.png').write_bytes(_png(marker)),
        lambda folder, marker: (folder / 'a.png').write_bytes(_png(marker, zip=True)),
        lambda folder, marker: (folder / 'a.html').write_bytes(
            b'<img src="data:image/png;base64,' + base64.b64encode(_png(marker, zip=True)) + b'">'
        ),
        lambda folder, marker: (folder / 'a.pth').write_bytes(_zip('data.pkl', marker.encode() * 9)),
        lambda folder, marker: (folder / 'a.pth').write_bytes(_zip('a.png', _png(marker, zip=True))),
        lambda folder, marker: _store_volume(folder / 'a.b2nd', marker),
    ],
    ids=['file name', 'folder', 'log', 'json', 'png', 'packed png', 'html', 'checkpoint', 'png in archive', 'cache'],
)  # fmt: skip
def test_search_finds_a_marker_in_every_kind_of_file(plant: Callable[[Path, str], None], tmp_path):
    assert find_markers(tmp_path) == {}
    plant(tmp_path, Planted().marker('here'))
    assert [*find_markers(tmp_path).values()] == [{b'ZQ00000QZ'}]


@pytest.fixture(scope='module', name='planted')
def planted_fixture(tmp_path_factory) -> tuple[Path, Planted]:
    """Phantoms with markers, and the markers."""
    folder, planted = tmp_path_factory.mktemp('private') / 'phantoms', Planted()
    make_phantoms(folder, cases=6, seed=5, size='96x64x12', split=(0.5, 0.2, 0.3))
    for path in sorted(folder.rglob('*.dcm')):
        planted.places.clear()  # the same number means the same place in every file
        planted.plant_everywhere(path)
    (folder / 'pictures').mkdir()
    picture = Image.open(BytesIO(_png('none'))).resize((64, 96))
    info = PngInfo()
    info.add_text('Patient', planted.marker('PNG text'), zip=True)
    picture.save(folder / 'pictures' / '7_L-CC.png', pnginfo=info)
    return folder, planted


def test_markers_stand_in_every_file_and_every_kind_of_element(planted):
    folder, markers = planted
    assert len(markers.places) > 3000
    assert {'PatientName', 'PatientBirthDate', 'OtherPatientIDs', 'SeriesDescription', 'InstitutionName'} <= {
        *markers.places
    }
    found = find_markers(folder)
    images = [path.relative_to(folder).as_posix() for path in folder.rglob('*.dcm')]
    assert len(images) > 50 and all(len(found[name]) > 3000 for name in images)
    assert found['pictures/7_L-CC.png']


@pytest.mark.timeout(1200)
def test_no_identifier_comes_out_of_anything_that_is_done_with_images(planted, tmp_path, capfd):
    folder, markers = planted
    out = tmp_path / 'out'
    convert_train_and_score(folder, out)
    predict_some_files(folder, tmp_path / 'images', out)
    synthesize_volumes(folder, out)
    audit_and_diagnose(out)
    collect_evidence(out)
    said = capfd.readouterr()
    (out / 'captured.txt').write_text(said.out + said.err)
    ids = find_markers(out, re.compile(rb'DBT-P0000\d'))
    expected = {'phantoms.json', 'report.html', 'predictions.csv', 'predicted/predictions.csv', 'predicted/report.html'}
    assert expected <= {*ids}, 'the search does not see what stands there on purpose'
    assert 'captured.txt' in find_markers(out, re.compile(rb'Iter\(train\)'))
    leaks, copies = find_markers(out), 'predicted/dicom/'
    assert any(leaks.pop(name) for name in [*leaks] if name.startswith(copies)), 'results are filed by their patient'
    assert not leaks, {name: [markers.places[int(m[2:7])] for m in found] for name, found in leaks.items()}


def test_study_date_is_in_the_index_of_studies_alone(ffdm_checkpoint, tmp_path, capfd):  # noqa: F811
    for number, date in enumerate(('20190403', '20210615')):
        pixels = stored_breast(top=2900 + number)
        save(mammogram(pixels, StudyDate=date, PatientID='P', StudyInstanceUID=f'1.2.3.{number}'),
             tmp_path / 'in' / f'{number}.dcm')  # fmt: skip
    arguments = ['--config', CONFIG, '--checkpoint', str(ffdm_checkpoint), '--out', str(tmp_path / 'out')]
    assert predict.main([str(tmp_path / 'in'), *arguments, '--device', 'cpu', '--dicom', 'cad-sr']) == 0
    dates = re.compile(rb'20190403|20210615|2019-04-03|2021-06-15')
    found = {name for name in find_markers(tmp_path / 'out', dates) if not name.startswith('dicom/')}
    assert found == {'studies/index.sqlite'}, 'and the page says the days between'
    said = capfd.readouterr()
    assert not dates.search((said.out + said.err).encode())


def convert_train_and_score(folder: Path, out: Path) -> None:
    """From the files to the report of a trained model, with everything written below ``out``."""
    pytest.importorskip('blosc2')
    annotations, predictions = out / 'phantoms.json', str(out / 'predictions.csv')
    print_summary(convert_dataset('phantom', folder, annotations, workers=0))
    options = quick_options(out, log_level='INFO', **{'default_hooks.logger.interval': 1})
    cache_volumes(CONFIG, out / 'cache', workers=1, cfg_options=options)
    train(CONFIG, work_dir=out / 'training', cfg_options=options)
    evaluate_checkpoint(
        CONFIG, out / 'training' / 'iter_1.pth', out=predictions, work_dir=out / 'testing', cfg_options=options
    )
    scoring = [predictions, '--ann', str(annotations), '--split', 'test', '--modality', 'FFDM', '--protocol', 'mm3d']
    assert evaluate.main([*scoring, '--json', str(out / 'results.json')]) == 0
    assert report.main([*scoring, '--out', str(out / 'report.html')]) == 0


def predict_some_files(folder: Path, images: Path, out: Path) -> None:
    """Whole ones, a PNG, and some that are truncated or no images, which are listed with their reasons."""
    images.mkdir()
    for number, path in enumerate([*sorted(folder.rglob('*.dcm'))[:6], folder / 'pictures' / '7_L-CC.png']):
        shutil.copy(path, images / f'{number}_{path.name}')
        for share in (0.1, 0.5, 0.99):
            content = path.read_bytes()
            (images / f'{number}_{share}_{path.name}').write_bytes(content[: int(share * len(content))])
    checkpoint = str(out / 'training' / 'iter_1.pth')
    arguments = ['--config', CONFIG, '--checkpoint', checkpoint, '--out', str(out / 'predicted'), '--device', 'cpu']
    settings = images / 'settings.json'
    settings.write_text('{"content_time": "2026-01-02T03:04:05"}')
    dicom = ['--dicom', 'cad-sr', '--dicom-settings', str(settings)]
    assert predict.main([str(images), *arguments, *dicom]) == 0


def synthesize_volumes(folder: Path, out: Path) -> None:
    """Synthetic mammograms of the volumes, as DICOM files."""
    convert_dataset('phantom', folder, out / 'dbt.json', modality='DBT', workers=0)
    assert synthesize.main([str(out / 'dbt.json'), '--out', str(out / 'computed'), '--workers', '0']) == 0


def audit_and_diagnose(out: Path) -> None:
    """The audit as page and as JSON, and what the doctor prints."""
    audit = audit_dataset(out / 'phantoms.json', workers=0, show_progress=False)
    write_audit_page(audit, out / 'audit.html')
    write_audit_json(audit, out / 'audit.json')
    run_doctor()


def collect_evidence(out: Path) -> None:
    """A plan, its evidence with pictures, and the ledger."""
    (out / 'about.json').write_text('{"name": "toy"}')
    checkpoint, bundle, plan = out / 'training' / 'iter_1.pth', str(out / 'toy.zip'), str(out / 'plan.json')
    assert model.main(['export', CONFIG, str(checkpoint), bundle, '--about', str(out / 'about.json')]) == 0
    frozen = ['--model', bundle, '--ann', str(out / 'phantoms.json'), '--protocol', 'center-hit', '--bootstrap', '10']
    assert evidence.main(['freeze', *frozen, '--robustness', 'jpeg', '--out', plan]) == 0
    assert evidence.main(['run', plan, '--out', str(out / 'evidence'), '--device', 'cpu', '--workers', '0']) == 0


def test_no_identifier_comes_out_of_errors_on_broken_copies(planted, tmp_path):
    folder, markers = planted
    paths = sorted(folder.rglob('*.dcm'))
    path, refused, leaks = tmp_path / 'a.dcm', 0, set()
    for number in range(BROKEN_COPIES):
        rng = Random(number)
        path.write_bytes(mutate_dicom(rng, rng.choice(paths[:8]).read_bytes()))
        try:
            source = open_image(path)
            said = repr(source.header)
            next(iter(source.iter_slices()), None)
        except UnreadableImageError as error:
            refused += 1
            said = f'{error!r} {error} {error.__cause__!r}'
        leaks |= {markers.places[int(found[2:7])] for found in MARKER.findall(said.encode('utf-8', 'replace'))}
    assert refused > BROKEN_COPIES // 5 and not leaks
