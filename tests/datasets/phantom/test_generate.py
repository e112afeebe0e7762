"""A whole release: what its files show against what its tables say."""

import hashlib
import json
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

from mammo_plugins.datasets.phantom.generate import generate_release
from mammo_plugins.datasets.phantom.settings import ImagingSettings, read_preset
from mammo_plugins.datasets.phantom.vendor_style import VENDOR_STYLES

VIEW_FIELDS = ('patient_id', 'view', 'modality')


def _digest(folder):
    files = sorted(path for path in folder.rglob('*') if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _pixels(release, row):
    """Float (S, H, W), bright where dense, in stored orientation."""
    dataset = pydicom.dcmread(release.folder / row['path'])
    pixels = dataset.pixel_array.astype(np.float32) / (2**dataset.BitsStored - 1)
    pixels = 1 - pixels if dataset.PhotometricInterpretation == 'MONOCHROME1' else pixels
    return pixels if pixels.ndim == 3 else pixels[None]


def _upright(pixels, row):
    """Canonical orientation, chest wall left."""
    flip_columns = (row['view'][0] == 'r') != (row['rotated_180'] == '1')
    pixels = pixels[..., ::-1] if flip_columns else pixels
    return pixels[..., ::-1, :] if row['rotated_180'] == '1' else pixels


@pytest.fixture(scope='module')
def image_of(release):
    return {tuple(row[name] for name in VIEW_FIELDS): row for row in release.images}


def test_one_seed_gives_the_same_bytes_for_any_number_of_workers(tmp_path):
    settings = replace(read_preset('demo'), imaging=ImagingSettings(rows=64, columns=44, slices=6))
    for name, workers in (('one', 1), ('two', 2)):
        generate_release(tmp_path / name, settings, cases=2, seed=11, workers=workers)
    generate_release(tmp_path / 'other', settings, cases=2, seed=12)
    assert _digest(tmp_path / 'one') == _digest(tmp_path / 'two')
    assert _digest(tmp_path / 'one') != _digest(tmp_path / 'other')


def test_every_breast_has_two_views_in_three_modalities(release):
    seen = defaultdict(set)
    for row in release.images:
        seen[row['patient_id'], row['modality']].add(row['view'].rstrip('12'))
    assert len(seen) == 4 * 3
    assert all(views == {'lcc', 'lmlo', 'rcc', 'rmlo'} for views in seen.values())


def test_headers_agree_with_the_table(release):
    for row in release.images:
        dataset = pydicom.dcmread(release.folder / row['path'], stop_before_pixels=True)
        assert (dataset.Rows, dataset.Columns) == (int(row['height']), int(row['width']))
        assert int(dataset.get('NumberOfFrames', 1)) == int(row['num_slices'])
        assert dataset.Manufacturer == row['manufacturer']
        assert dataset.StudyID == row['study_id']
        assert dataset.ViewPosition.lower() == row['view'].rstrip('12')[1:]


def test_chest_wall_lies_on_the_side_of_the_view_unless_the_volume_is_rotated(release):
    rotated = [row['rotated_180'] == '1' for row in release.images]
    assert 0 < sum(rotated) < len(rotated)
    for row in release.images:
        pixels = _pixels(release, row)
        wall_right = pixels[..., -1].sum() > pixels[..., 0].sum()
        assert wall_right == ((row['view'][0] == 'r') != (row['rotated_180'] == '1'))
        side = pydicom.dcmread(release.folder / row['path'], stop_before_pixels=True).ImageLaterality
        assert (side.lower() == row['view'][0]) == (row['rotated_180'] == '0')


def test_only_tomosynthesis_is_rotated_or_repeated(release):
    assert {row['modality'] for row in release.images if row['rotated_180'] == '1'} == {'DBT'}
    repeats = [row for row in release.images if row['view'][-1] in '12']
    assert {row['modality'] for row in repeats} == {'DBT'}


def test_boxes_of_the_release_lie_in_the_corrected_frame(release, image_of):
    """Turning a rotated volume by 180 degrees brings the stored boxes onto those of the release's table."""
    released = defaultdict(list)
    for split in ('train', 'validation', 'test'):
        for row in release.rows(f'BCS-DBT-boxes-{split}'):
            released[row['PatientID'], row['View']].append([float(row[name]) for name in ('X', 'Y', 'Width', 'Height')])
    for row in release.findings:
        if row['modality'] != 'DBT':
            continue
        image = image_of[tuple(row[name] for name in VIEW_FIELDS)]
        x, y, width, height = (float(row[name]) for name in ('x', 'y', 'width', 'height'))
        if image['rotated_180'] == '1':
            x, y = int(image['width']) - x - width, int(image['height']) - y - height
        gaps = [
            np.abs(np.subtract(box, (x, y, width, height))).max() for box in released[row['patient_id'], row['view']]
        ]
        assert min(gaps) <= 0.5


def test_masks_fill_their_boxes_in_stored_pixels(release):
    assert release.findings
    for row in release.findings:
        mask = np.asarray(Image.open(release.folder / row['mask'])) > 0
        rows, columns = np.nonzero(mask)
        x, y, width, height = (float(row[name]) for name in ('x', 'y', 'width', 'height'))
        assert 0 <= columns.min() - x <= 1
        assert 0 <= x + width - columns.max() - 1 <= 1
        assert 0 <= rows.min() - y <= 1
        assert 0 <= y + height - rows.max() - 1 <= 1


def test_findings_keep_their_id_across_views_and_modalities(release):
    seen, kinds = defaultdict(set), defaultdict(set)
    for row in release.findings:
        seen[row['finding_id']].add((row['view'].rstrip('12')[1:], row['modality']))
        kinds[row['finding_id']].add((row['class'], row['type']))
    assert all(len(views) == 6 for views in seen.values())
    assert all(len(kind) == 1 for kind in kinds.values())


def test_findings_of_the_two_breasts_do_not_share_ids(release):
    sides = defaultdict(set)
    for row in release.findings:
        sides[row['finding_id']].add(row['view'][0])
    assert all(len(side) == 1 for side in sides.values())


def test_unannotated_breasts_are_malignant_and_have_no_findings(release):
    hidden = {(row['patient_id'], row['view'][0]) for row in release.images if row['annotated'] == '0'}
    assert hidden
    assert all(row['malignant'] == '1' for row in release.images if row['annotated'] == '0')
    assert all(row['split'] == 'train' for row in release.images if row['annotated'] == '0')
    assert not hidden & {(row['patient_id'], row['view'][0]) for row in release.findings}
    masks = {row['mask'].rsplit('/', 1)[0] for row in release.findings}
    assert {str(path.parent.relative_to(release.folder)) for path in release.folder.rglob('mask-*.png')} == masks


def test_malignant_masses_stand_out_in_their_slice_more_than_in_the_maximum_projection(release, image_of):
    """Means over the release: tissue is as bright as a mass somewhere along almost every column of the volume."""
    in_slice, far, in_maximum = [], [], []
    for row in release.findings:
        if row['modality'] != 'DBT' or row['class'] != 'malignant':
            continue
        volume = _pixels(release, image_of[tuple(row[name] for name in VIEW_FIELDS)])
        mask = np.asarray(Image.open(release.folder / row['mask'])) > 0
        x, y, width, height = (float(row[name]) for name in ('x', 'y', 'width', 'height'))
        ring = np.zeros_like(mask)
        ring[max(0, int(y - 6)) : int(y + height + 6), max(0, int(x - 6)) : int(x + width + 6)] = True
        ring[int(y) : int(y + height + 1), int(x) : int(x + width + 1)] = False

        def contrast(image, mask=mask, ring=ring):
            return image[mask].mean() - image[ring].mean()

        best = int(row['slice'])
        in_slice.append(contrast(volume[best]))
        far += [contrast(volume[index]) for index in (best - 8, best + 8) if 0 <= index < len(volume)]
        in_maximum.append(contrast(volume.max(0)))
    assert min(in_slice) > 0.02
    assert np.mean(far) < 0.6 * np.mean(in_slice)
    assert np.mean(in_maximum) < np.mean(in_slice)


def test_slices_of_findings_lie_in_their_visible_range_and_flat_images_have_slice_0(release, image_of):
    for row in release.findings:
        slices = [int(row[name]) for name in ('first_slice', 'slice', 'last_slice')]
        count = int(image_of[tuple(row[name] for name in VIEW_FIELDS)]['num_slices'])
        assert 0 <= slices[0] <= slices[1] <= slices[2] < count
        if row['modality'] != 'DBT':
            assert slices == [0, 0, 0]


def test_views_of_one_modality_show_the_same_breast_and_modalities_the_same_view(release, image_of):
    for (patient, view, modality), row in image_of.items():
        if modality != 'FFDM':
            continue
        flat = _upright(_pixels(release, row)[0], row)
        volume = image_of[patient, view, 'DBT']
        mean = _upright(_pixels(release, volume).mean(0), volume)
        assert np.corrcoef(flat.ravel(), mean.ravel())[0, 1] > 0.85


def test_vendor_with_inverted_mammograms_inverts_only_these(release):
    for row in release.images:
        dataset = pydicom.dcmread(release.folder / row['path'], stop_before_pixels=True)
        inverted = VENDOR_STYLES[row['manufacturer'][-1]].inverted_ffdm and row['modality'] == 'FFDM'
        assert dataset.PhotometricInterpretation == ('MONOCHROME1' if inverted else 'MONOCHROME2')


def test_volumes_are_compressed_for_the_vendors_of_the_settings(release):
    for row in release.images:
        if row['modality'] == 'DBT':
            syntax = pydicom.filereader.read_file_meta_info(release.folder / row['path']).TransferSyntaxUID
            compressed = row['manufacturer'][-1] in release.settings.imaging.jpeg2000_vendors
            assert syntax == (JPEG2000Lossless if compressed else ExplicitVRLittleEndian)


def test_spacing_is_missing_from_a_part_of_the_volumes_only(release):
    known = []
    for row in release.images:
        if row['modality'] == 'DBT':
            dataset = pydicom.dcmread(release.folder / row['path'], stop_before_pixels=True)
            known.append('PixelSpacing' in dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0])
    assert 0 < sum(known) < len(known)


def test_release_says_how_it_was_made(release):
    about = json.loads((release.folder / 'phantom.json').read_text())
    assert (about['seed'], about['cases'], about['format_version']) == (5, 4, 1)
    assert about['settings']['imaging']['rows'] == 128


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / 'mine.txt').write_text('keep')
    with pytest.raises(ValueError, match='not empty'):
        generate_release(tmp_path, read_preset('demo'), cases=1, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']


def test_no_workers_are_refused(tmp_path):
    with pytest.raises(ValueError, match='0 workers'):
        generate_release(tmp_path / 'new', read_preset('demo'), cases=1, seed=0, workers=0)
