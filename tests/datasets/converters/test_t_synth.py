"""T-SYNTH: places and masks by hand, what contradicts itself, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.apis.found_images.finding import find_images
from mammo_plugins.commands.convert_dataset import main
from mammo_plugins.datasets.converters import ConversionError, convert_t_synth
from mammo_plugins.datasets.converters.t_synth import findings
from mammo_plugins.datasets.converters.t_synth.locations import Location, read_locations
from mammo_plugins.datasets.finding_masks import decode_segmentation
from mammo_plugins.io import read_annotations, validate_annotations
from tests.datasets.converters.t_synth_release import SHAPE, TSynthRelease, save_mask

pytest.importorskip('h5py', reason='masks of T-SYNTH are HDF5')


@pytest.fixture
def release(tmp_path):
    return TSynthRelease(tmp_path / 'tsynth')


def convert(release, **options):
    annotations = convert_t_synth(release.folder, workers=0, show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


def ball() -> np.ndarray:
    """Values of slices 1 to 3: y from 4 to 7 and x from 10 to 15, the most in slice 2."""
    mask = np.zeros(SHAPE, bool)
    mask[1, 5, 12] = mask[3, 5, 12] = True
    mask[2, 4:8, 10:16] = True
    return mask


def as_the_owners_turn(mask: np.ndarray) -> np.ndarray:
    """(H, W, D), step by step as the release's own reader does it: transposed, then the rows reversed."""
    return mask.transpose(2, 1, 0)[::-1]


class TestPlaces:
    def test_mask_gives_box_outline_and_slices_in_the_frame_of_the_owners(self, release):
        release.add_volume(loc='12 5 2 2\n', mask=ball())
        annotations = convert(release)
        (image,), (finding,) = annotations.images, annotations.findings
        rows, columns, slices = np.nonzero(as_the_owners_turn(ball()))
        left, top = columns.min(), rows.min()
        assert finding.bbox_xywh == (left, top, columns.max() + 1 - left, rows.max() + 1 - top) == (4, 24, 4, 6)
        assert (finding.slice_index, finding.slice_range) == (2, (slices.min(), slices.max())) == (2, (1, 3))
        outline = decode_segmentation(finding.segmentation, image.height, image.width)
        np.testing.assert_array_equal(outline, as_the_owners_turn(ball()).any(axis=2))
        assert finding.category == 'malignant' and finding.lesion_id == 'fatty-3/spic-1.1-5.0/1'
        assert finding.attributes == {'type': 'mass', 'mass_radius_mm': 5.0, 'mass_density': 1.1, 'box_from': 'mask'}
        assert annotations.info['dropped'] == annotations.info['notes'] == []

    def test_without_mask_a_square_of_the_radius_stands_around_the_place(self, release):
        """A volume has x before y, a projection y before x; x = 12 is row 40 - 12.5 = 27.5, y = 9 column 9.5."""
        release.add_volume(loc='12 9 1 2\n')
        release.add_projection(loc='9 12 2\n')
        release.add_cview(loc='12 9 1 2\n')
        annotations = convert(release)
        kinds = [annotations.image(finding.image_id).modality for finding in annotations.findings]
        assert sorted(kinds) == ['DBT', 'FFDM', 'SM']
        assert {finding.bbox_xywh for finding in annotations.findings} == {(4.5, 22.5, 10.0, 10.0)}
        assert len({finding.lesion_id for finding in annotations.findings}) == 1
        slices = {kind: (f.slice_index, f.slice_range) for kind, f in zip(kinds, annotations.findings, strict=True)}
        assert slices == {'DBT': (1, (0, 5)), 'FFDM': (0, None), 'SM': (0, None)}
        assert {finding.attributes['box_from'] for finding in annotations.findings} == {'radius'}

    def test_mask_of_a_cview_stands_upright(self, release):
        mask = np.zeros((SHAPE[2], SHAPE[1]), bool)
        mask[24:30, 4:8] = True
        release.add_cview(loc='12 5 2 2\n', mask=mask)
        (finding,) = convert(release).findings
        assert finding.bbox_xywh == (4, 24, 4, 6) and finding.attributes['box_from'] == 'mask'

    def test_masks_can_be_left_alone(self, release, tmp_path):
        release.add_volume(loc='12 5 2 2\n', mask=ball())
        out = tmp_path / 'out.json'
        options = ['--no-masks', '--no-progress', '--strict', '--check-images', '0']  # the pixels are noise
        assert main(['t-synth', str(release.folder), str(out), *options]) == 0
        (finding,) = read_annotations(out).findings
        assert finding.segmentation is None and finding.bbox_xywh == (0.5, 22.5, 10.0, 10.0)

    def test_places_without_a_mass_are_none(self, release):
        release.add_volume(loc='12 9 1 2\n\n30 20 2 -2\n')
        assert len(convert(release).findings) == 1

    def test_two_masses_have_squares_of_their_own(self, release):
        release.add_volume(loc='12 9 1 2\n30 20 2 2\n', mask=ball())
        findings = convert(release).findings
        assert [finding.attributes['box_from'] for finding in findings] == ['radius', 'radius']
        assert [finding.lesion_id[-2:] for finding in findings] == ['/1', '/2']

    def test_square_over_the_border_is_clipped(self, release):
        release.add_projection(loc='2 39 2\n')
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (0, 0, 7.5, 5.5)
        assert annotations.info['counts']['clipped_boxes'] == 1

    def test_place_and_slice_beside_the_mask_are_said(self, release):
        release.add_volume(loc='30 20 5 2\n', mask=ball())
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (4, 24, 4, 6) and annotations.findings[0].slice_index == 2
        counts = annotations.info['counts']
        assert counts['places_outside_masks'] == counts['slices_outside_masks'] == 1

    @pytest.mark.parametrize(
        ('loc', 'reason'),
        [
            ('', 'is empty'),
            ('12 5\n', "'12 5' is not 3 whole numbers and a type"),
            ('12 5 2 2 2\n', 'is not 3 whole numbers'),
            ('12 5 2.5 2\n', 'is not 3 whole numbers'),
            ('40 5 2 2\n', 'x 40, y 5 is outside 40 x 30 values'),
            ('12 -1 2 2\n', 'is outside 40 x 30 values'),
            ('12 5 6 2\n', 'slice 6 is outside 0 to 5'),
            ('\xff', 'is no text'),
        ],
    )
    def test_place_that_makes_no_sense_costs_the_box_and_not_the_label(self, release, loc, reason):
        path = release.add_volume(loc='')
        path.with_suffix('.loc').write_bytes(loc.encode('latin-1'))
        annotations = convert(release)
        assert annotations.findings == [] and annotations.images[0].labels['malignant'] == 1
        (entry,) = annotations.info['dropped']
        assert reason in entry['reason'] and entry['row'].startswith('data/device_data')
        assert annotations.images[0].labels['lost_findings'] == 1

    def test_locations_of_each_kind(self, tmp_path):
        (tmp_path / 'a.loc').write_text('7 8 9 2\n')
        (tmp_path / 'b.loc').write_text('7 8\n')
        assert read_locations(tmp_path / 'a.loc', 'DBT') == [Location(7, 8, 9)]
        assert read_locations(tmp_path / 'b.loc', 'FFDM') == [Location(8, 7, None)]


class TestMasks:
    @pytest.mark.parametrize('damage', ['bytes', 'name', 'shape', 'empty', 'external'])
    def test_mask_that_cannot_be_used_gives_way_to_the_square(self, release, damage):
        path = release.add_volume(loc='12 9 1 2\n', mask=ball())
        mask = path.with_name('reconstruction_mask3.h5')
        mask.unlink()
        if damage == 'bytes':
            mask.write_bytes(b'no HDF5')
        elif damage == 'external':
            self.save_external(mask, path.with_suffix('.raw'))
        else:
            values = {'name': ball(), 'shape': ball()[:, :-1], 'empty': np.zeros(SHAPE, bool)}[damage]
            save_mask(mask, values, 'mask' if damage == 'name' else 'dbt')
        annotations = convert(release)
        assert annotations.findings[0].attributes['box_from'] == 'radius'
        assert annotations.info['counts']['masks_not_used'] == 1
        assert 'reconstruction_mask3.h5: ' in annotations.info['notes'][0]['reason']

    @staticmethod
    def save_external(path, other):
        """Values that lie in another file."""
        import h5py

        with h5py.File(path, 'w') as file:
            file.create_dataset('dbt', SHAPE, 'u1', external=[(str(other), 0, int(np.prod(SHAPE)))])

    def test_missing_package_is_named(self, release, monkeypatch):
        release.add_volume(loc='12 9 1 2\n', mask=ball())
        monkeypatch.setattr(findings.importlib.util, 'find_spec', lambda name: None)
        with pytest.raises(ConversionError, match=r'needs the package h5py: pip install "mammo-plugins\[datasets\]"'):
            convert(release)
        assert len(convert(release, masks=False).findings) == 1


class TestExamples:
    def test_what_the_folders_say(self, release):
        release.add_volume(loc='12 9 1 2\n')
        release.add_cview(202, density='dense', radius='7.0', mass='1.06')
        release.add_projection(251, density='hetero', loc='9 12 2\n')
        images = {image.patient_id: image for image in convert(release).images}
        assert {name: (i.study_uid, i.split) for name, i in images.items()} == {
            'fatty-3': ('spic-1.1-5.0', 'train'),
            'dense-202': ('spic-1.06-7.0', 'validation'),
            'hetero-251': ('spic-1.1-5.0', 'test'),
        }
        assert [images[name].labels['malignant'] for name in ('fatty-3', 'dense-202', 'hetero-251')] == [1, 0, 1]
        assert [images[name].labels['density'] for name in ('fatty-3', 'dense-202', 'hetero-251')] == ['A', 'D', 'C']
        assert images['dense-202'].computed and images['dense-202'].modality_text == 'SM (computed)'
        assert {(i.view, i.view_name, i.manufacturer) for i in images.values()} == {('R-CC', 'rcc', 'VICTRE')}

    def test_breast_with_several_masses_is_one_patient(self, release):
        for mass in ('1.0', '1.06'):
            release.add_volume(loc='12 9 1 2\n', mass=mass)
        images = convert(release).images
        assert {image.patient_id for image in images} == {'fatty-3'} and len({i.study_uid for i in images}) == 2

    @pytest.mark.parametrize(('number', 'loc'), [(3, None), (4, '12 9 1 2\n')])
    def test_number_and_places_that_disagree_leave_no_label(self, release, number, loc):
        release.add_volume(number, loc=loc)
        release.add_projection(number)
        annotations = convert(release)
        assert [(image.split, 'malignant' in image.labels) for image in annotations.images] == [(None, False)] * 2
        assert annotations.findings == [] and annotations.info['counts']['examples_of_unknown_outcome'] == 1

    def test_part_of_the_release_by_any_of_its_folders(self, release):
        path = release.add_volume(loc='12 9 1 2\n')
        (image,) = convert_t_synth(path.parent, workers=0, show_progress=False).images
        assert (image.patient_id, image.file_name) == ('fatty-3', 'reconstruction3.mhd')

    def test_split_is_chosen_and_an_empty_one_named(self, release):
        release.add_volume(loc='12 9 1 2\n')
        release.add_volume(252)
        assert [image.patient_id for image in convert(release, splits='test').images] == ['fatty-252']
        with pytest.raises(ConversionError, match="split 'validation' is empty"):
            convert(release, splits=['test', 'validation'])

    def test_what_is_left_out_is_said(self, release):
        good = release.add_volume(loc='12 9 1 2\n')
        again = release.folder / 'copy' / good.relative_to(release.folder / 'data')
        again.parent.mkdir(parents=True)
        for suffix in ('.mhd', '.raw', '.loc'):
            again.with_suffix(suffix).write_bytes(good.with_suffix(suffix).read_bytes())
        cut = release.add_volume(5, loc='12 9 1 2\n').with_suffix('.raw')
        cut.write_bytes(cut.read_bytes()[:-8])
        (release.folder / 'pc_1_crop.mhd').write_text('NDims = 3\n')
        release.add_volume(301, loc='12 9 1 2\n')
        release.add_volume(7, loc='12 9 1 2\n', density='massive')
        good.with_name('reconstruction9.mhd').write_text(good.read_text())
        annotations = convert(release)
        assert len(annotations.images) == 1
        reasons = '\n'.join(entry['reason'] for entry in annotations.info['dropped'])
        for expected in (
            'repeats copy/',
            'reconstruction5.raw has 57592 bytes of pixels',
            'is neither a reconstruction nor a projection_DM',
            'breast 301 is none of the 300',
            "density 'massive' is none of fatty",
            'are not of example 3',
        ):
            assert expected in reasons
        assert annotations.info['counts']['dropped_images'] == len(annotations.info['dropped']) == 6

    def test_folder_without_images_says_what_to_do(self, tmp_path):
        with pytest.raises(ConversionError, match=r'holds no \.mhd file: download T-SYNTH'):
            convert_t_synth(tmp_path)
        (tmp_path / 'SIM.zip').write_bytes(b'')
        with pytest.raises(ConversionError, match=r'unpack SIM\.zip into this folder'):
            convert_t_synth(tmp_path)
        (tmp_path / 'SIM.zip').unlink()
        (tmp_path / 'reconstruction3.mhd').write_text('NDims = 3\n')
        with pytest.raises(ConversionError, match='keep the folders of the release'):
            convert_t_synth(tmp_path)


def test_files_of_values_are_no_images_of_their_own(release):
    path = release.add_volume(loc='12 9 1 2\n', values=np.pad(np.ones((6, 10, 20)), ((0, 0), (0, 20), (10, 10))))
    found = find_images(path.parent)
    assert [image.file_name for image in found.annotations.images] == [path.as_posix()]
    assert set(found.left_out) == {str(path.with_suffix('.loc'))}
