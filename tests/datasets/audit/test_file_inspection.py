"""Files on disk, good and bad."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEG2000Lossless

from mammo_plugins.datasets.audit import InspectionJob, inspect_file
from tests.io.dicom_builder import compressed, ct_slices, dbt_volume, mammogram, save


def stored_breast(breast, **options):
    return np.round(breast(**options) * 4095).astype(np.uint16)


def inspect(path, boxes=(), read_pixels=True):
    return inspect_file(InspectionJob(path, boxes, read_pixels))


def test_same_pixels_have_one_digest_whatever_the_header_and_the_compression(breast, tmp_path):
    pixels = stored_breast(breast)
    plain = save(mammogram(pixels), tmp_path / 'plain.dcm')
    packed = save(compressed(mammogram(pixels), JPEG2000Lossless), tmp_path / 'packed.dcm')
    changes = dict(WindowCenter=100, WindowWidth=10, RescaleSlope=2, RescaleIntercept=-5, PatientID='other')
    other = save(mammogram(pixels, **changes), tmp_path / 'other.dcm')
    inverted = save(mammogram(pixels, PhotometricInterpretation='MONOCHROME1'), tmp_path / 'inverted.dcm')
    Image.fromarray(pixels).save(tmp_path / '0_L-CC.png')
    paths = (plain, packed, other, inverted, tmp_path / '0_L-CC.png')
    assert len({inspect(path).pixels.digest for path in paths}) == 1
    changed = save(mammogram(pixels[::-1].copy()), tmp_path / 'changed.dcm')
    assert inspect(changed).pixels.digest != inspect(plain).pixels.digest


def test_facts_of_a_left_breast(breast, tmp_path):
    dataset = mammogram(stored_breast(breast), EstimatedRadiographicMagnificationFactor=1.8, WindowCenter=[2048, 1])
    dataset.WindowWidth = [4096, 2]
    facts = inspect(
        save(dataset, tmp_path / 'a.dcm'), boxes=(((10.0, 40.0, 12.0, 14.0), 0), ((50.0, 5.0, 9.0, 9.0), 0))
    )
    assert (facts.voi, facts.num_windows, facts.magnification) == ('window (LINEAR)', 2, 1.8)
    assert (facts.pixels.chest_wall, facts.pixels.has_bright_background) == ('left', False)
    assert facts.pixels.shown_range == pytest.approx(0.4, abs=0.02)
    assert [box.breast_share for box in facts.pixels.boxes] == [1.0, 0.0]


@pytest.mark.parametrize(
    ('changes', 'voi'),
    [
        ({}, 'none'),
        (dict(WindowCenter=9, WindowWidth=9, VOILUTFunction='SIGMOID'), 'window (SIGMOID)'),
        (dict(PresentationIntentType='FOR PROCESSING'), 'raw'),
    ],
    ids=str,
)
def test_voi_state_is_read_from_the_header(breast, tmp_path, changes, voi):
    path = save(mammogram(stored_breast(breast), **changes), tmp_path / 'a.dcm')
    assert inspect(path, read_pixels=False).voi == voi


def test_window_that_no_value_reaches_is_in_doubt_and_all_is_shown(breast, tmp_path):
    path = save(mammogram(stored_breast(breast), WindowCenter=9000, WindowWidth=10), tmp_path / 'a.dcm')
    facts = inspect(path)
    assert facts.pixels.shown_range > 0.3
    assert 'lies outside all values' in ' '.join(facts.header.doubts)


def test_contrast_of_a_volume_is_that_of_the_annotated_slice(breast, tmp_path):
    frames = np.stack([stored_breast(breast, seed=number) for number in range(5)])
    frames[3, 40:50, 10:20] = 4095
    path = save(dbt_volume(frames), tmp_path / 'a.dcm')
    box = (10.0, 40.0, 10.0, 10.0)
    facts = inspect(path, boxes=((box, 3), (box, 1), (box, None), (box, 9)))
    bright, plain, unknown, beyond = (found.contrast for found in facts.pixels.boxes)
    assert bright > 2 > 0.5 > plain
    assert unknown is None and beyond is None


def test_folder_of_slices_is_one_image(breast, tmp_path):
    frames = np.stack([stored_breast(breast, side='R', seed=number) for number in range(3)])
    for number, dataset in enumerate(ct_slices(frames)):
        save(dataset, tmp_path / 'volume' / f'{number}.dcm')
    facts = inspect(tmp_path / 'volume')
    assert (facts.header.num_slices, facts.pixels.chest_wall, facts.voi) == (3, 'right', 'none')


def test_png_has_neither_window_nor_shown_range(breast, tmp_path):
    Image.fromarray(stored_breast(breast)).save(tmp_path / '0_L-CC.png')
    facts = inspect(tmp_path / '0_L-CC.png')
    assert (facts.voi, facts.pixels.shown_range, facts.problem) == ('PNG', None, None)


def test_blank_image_is_told(tmp_path):
    assert inspect(save(mammogram(np.full((9, 9), 7, np.uint16)), tmp_path / 'a.dcm')).pixels.is_blank


def test_truncated_pixels_leave_the_header(breast, tmp_path):
    path = save(mammogram(stored_breast(breast)), tmp_path / 'a.dcm')
    path.write_bytes(path.read_bytes()[:-5000])
    facts = inspect(path)
    assert facts.header is not None and facts.pixels is None
    assert facts.problem.startswith('truncated: ')
    assert inspect(path, read_pixels=False).problem == facts.problem  # told without decoding


@pytest.mark.parametrize('content', [b'', b'no image', b'\0' * 128 + b'DICM' + b'\xff' * 400])
def test_no_file_stops_the_audit(tmp_path, content):
    (tmp_path / 'a.dcm').write_bytes(content)
    facts = inspect(tmp_path / 'a.dcm')
    assert facts.header is None and facts.problem
    assert inspect(tmp_path / 'missing.dcm').problem.startswith('cannot be opened')


def test_real_mammograms_are_upright_and_on_their_side(real_data):
    """Four views of one exam: L-CC, L-MLO, R-CC, R-MLO, told by their names."""
    paths = [path for path in (real_data / 'mammograms_png').glob('*.png') if 'mask' not in path.name]
    assert len(paths) == 4
    for path in paths:
        facts = inspect(path)
        side = {'L': 'left', 'R': 'right'}[facts.header.view.laterality.value]
        assert (facts.pixels.chest_wall, facts.pixels.has_bright_background) == (side, False), path.name
        assert 0.2 < facts.pixels.breast_share < 0.95
