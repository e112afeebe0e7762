"""The same odd files through convert, predict, audit, cache and report: none may see another image than the others.

A CMMD release is small and takes side and view from the headers: its converter has as much to decide as predict.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.sequence import Sequence

from mammo_plugins.apis.audit import audit_dataset
from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.found_images import find_images
from mammo_plugins.apis.report.stored_cases import Drawn, stored_case
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.io import AnnotationSet, ImageRecord, read_annotations, read_header, write_annotations
from tests.io.dicom_builder import code, mammogram, save, stored_breast

LOADING = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')]
UPRIGHT = stored_breast()
_SPOT = Sequence([code('399055006', 'SCT', 'Spot Compression')])
FILES = {
    'upright.dcm': (UPRIGHT, dict(PatientOrientation=['A', 'R'])),
    'turned.dcm': (UPRIGHT[::-1, ::-1], dict(ViewPosition='MLO', PatientOrientation=['P', 'H'])),
    'head down.dcm': (UPRIGHT[::-1] + np.uint16(1), dict(ViewPosition='ML', PatientOrientation=['A', 'HL'])),
    'right.dcm': (stored_breast('R'), dict(ImageLaterality=None, Laterality='R', PatientOrientation=['P', 'L'])),
    'coded.dcm': (
        stored_breast('R', top=2000),
        dict(ImageLaterality='R', ViewPosition=None, ViewCodeSequence=Sequence([code('399368009', 'SCT', 'MLO')])),
    ),
    'contradicted.dcm': (stored_breast('R', top=2500), dict(ViewPosition='LM', PatientOrientation=['A', 'H'])),
    'spot.dcm': (
        stored_breast(top=2200),
        dict(ViewCodeSequence=Sequence([code('399162004', 'SCT', 'CC', ViewModifierCodeSequence=_SPOT)])),
    ),
    'specimen.dcm': (stored_breast(top=2300), dict(SeriesDescription='Specimen radiograph')),
    'sideways.dcm': (np.rot90(UPRIGHT), dict(ViewPosition='MLO', PatientOrientation=['F', 'P'])),
    'thumbnail.dcm': (UPRIGHT[::8, ::8], {}),
}
UNFIT = {'specimen.dcm', 'sideways.dcm', 'thumbnail.dcm'}
VIEWS = {
    'upright.dcm': 'L-CC', 'turned.dcm': 'L-MLO', 'head down.dcm': 'L-ML', 'right.dcm': 'R-CC', 'coded.dcm': 'R-MLO',
    'contradicted.dcm': 'L-LM', 'spot.dcm': 'L-CC',
}  # fmt: skip


@pytest.fixture(scope='module')
def release(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('cmmd')
    for name, (pixels, elements) in FILES.items():
        save(mammogram(np.ascontiguousarray(pixels), **elements), root / 'D1-0001' / name)
    rows = ('D1-0001,L,50,2,mass,Benign,', 'D1-0001,R,50,2,mass,Malignant,')
    header = 'ID1,LeftRight,Age,number,abnormality,classification,subtype'
    (root / 'CMMD_clinicaldata_revision.csv').write_text('\n'.join((header, *rows)) + '\n')
    return root


@pytest.fixture(scope='module')
def converted(release) -> Path:
    convert_dataset('cmmd', release, release / 'converted.json', workers=0, show_progress=False)
    return release / 'converted.json'


@pytest.fixture(scope='module')
def found(release) -> Path:
    write_annotations(release / 'found.json', find_images(release / 'D1-0001').annotations)
    return release / 'found.json'


def prepared(ann_file: Path, cache: Path | None = None) -> dict[str, np.ndarray]:
    """File name to the picture (H, W) as a model gets to see it."""
    data = CaseDataset(str(ann_file), loading=LOADING, pipeline=[], volume_cache=cache, test_mode=True)
    views = [view for index in range(len(data)) for view in data.load_case(index)['views']]
    return {Path(view['img_path']).name: view['img'][0] for view in views}


def views_of(ann_file: Path) -> dict[str, str]:
    return {Path(image.file_name).name: image.view for image in read_annotations(ann_file).images}


def test_convert_and_predict_use_the_same_files_with_the_same_views(converted, found):
    assert views_of(converted) == VIEWS
    assert views_of(found) == {name: view for name, view in VIEWS.items() if name != 'spot.dcm'}


def test_audit_finds_what_the_others_leave_out(release):
    records = []
    for number, name in enumerate(FILES, start=1):
        header = read_header(release / 'D1-0001' / name)
        size = dict(width=header.columns, height=header.rows, num_slices=1)
        ids = dict(patient_id='P', study_uid='S', view=str(header.view), view_name=f'v{number}', modality='FFDM')
        records.append(ImageRecord(number, f'D1-0001/{name}', **size, **ids))
    write_annotations(release / 'all.json', AnnotationSet(records, [], {'root': ''}))
    audit = audit_dataset(release / 'all.json', workers=0, show_progress=False)

    def found_by(check: str, severity: str) -> set[str]:
        findings = [found for found in audit.findings if (found.check, found.severity) == (check, severity)]
        return {Path(records[number - 1].file_name).name for found in findings for number in found.image_ids}

    assert found_by('purpose', 'error') | found_by('way_up', 'error') == UNFIT
    assert found_by('special_view', 'warning') == {'spot.dcm'}
    assert found_by('way_up', 'note') == {'contradicted.dcm'}
    assert {str(image.record.view) for image in audit.images} == set(VIEWS.values())


def test_every_command_sees_the_same_upright_picture(release, converted, found, tmp_path):
    by_convert, by_predict = prepared(converted), prepared(found)
    upright = by_predict['upright.dcm']
    assert np.argmax(upright[:, 5]) < 40  # the denser side of the made breast is its upper one
    for name in ('turned.dcm', 'right.dcm', 'head down.dcm'):
        np.testing.assert_allclose(by_predict[name], upright, atol=2e-3)
    for name, picture in by_predict.items():
        np.testing.assert_array_equal(picture, by_convert[name])
    loader = CaseDataset(str(found), loading=LOADING, pipeline=[], volume_cache=tmp_path, test_mode=True)
    for index in range(len(loader)):
        for view in loader.get_data_info(index)['views']:
            loader._load_view.prepare(view)
    for name, picture in prepared(found, tmp_path).items():
        np.testing.assert_array_equal(picture, by_predict[name])


def test_report_shows_the_picture_that_the_model_saw(found):
    annotations, pictures = read_annotations(found), prepared(found)
    for image in annotations.images:
        alone = AnnotationSet([replace(image, labels={'malignant': 0})], [], annotations.info)
        case = stored_case([0], alone, Drawn())
        (view,) = case.views
        shown = view.scale.greys()[view.frames[0]] / 255
        assert np.abs(shown - pictures[Path(image.file_name).name]).max() < 0.01, image.file_name
