"""Phantoms: every modality, masks, lesion ids, and agreement with what the BCS-DBT converter makes of them."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.converters import ConversionError, convert_bcs_dbt, convert_phantom
from mammo_plugins.datasets.converters.phantom import FINDING_COLUMNS, IMAGE_COLUMNS
from mammo_plugins.io import validate_annotations
from tests.datasets.converters.report_lines import dropped
from tests.io.dicom_builder import dbt_volume, gradient, mammogram, save

HEIGHT, WIDTH, SLICES = 20, 16, 3


class PhantomRelease:
    """One right MLO view as FFDM and DBT with one malignant lesion; rows may be changed before :meth:`write`."""

    def __init__(self, folder) -> None:
        self.folder = folder
        key = {'patient_id': 'DBT-P00001', 'study_id': 'DBT-S00001', 'view': 'rmlo1'}
        image = {
            **key, 'split': 'train', 'width': WIDTH, 'height': HEIGHT, 'num_slices': 1,
            'rotated_180': 0, 'manufacturer': 'Phantom Vendor A', 'malignant': 1, 'benign': 0,
            'birads': '5', 'density': 'C', 'annotated': 1,
        }  # fmt: skip
        self.images = [
            {**image, 'modality': 'FFDM', 'path': 'DBT-P00001/a/1-1.dcm'},
            {**image, 'modality': 'DBT', 'path': 'DBT-P00001/b/1-1.dcm', 'num_slices': SLICES, 'rotated_180': 1},
        ]
        finding = {
            **key, 'finding_id': 'DBT-P00001-R-1', 'class': 'malignant', 'type': 'mass', 'x': 2.5, 'y': 3.25,
            'width': 4, 'height': 5, 'slice': 0, 'first_slice': 0, 'last_slice': 0, 'mask': '',
        }  # fmt: skip
        self.findings = [
            {**finding, 'modality': 'FFDM', 'mask': 'DBT-P00001/a/mask-1.png'},
            {**finding, 'modality': 'DBT', 'slice': 2, 'first_slice': 1, 'last_slice': 2},
        ]
        save(mammogram(gradient((HEIGHT, WIDTH))), folder / self.images[0]['path'])
        save(dbt_volume(gradient((SLICES, HEIGHT, WIDTH))), folder / self.images[1]['path'])
        self.mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        self.mask[4:8, 3:6] = 255
        Image.fromarray(self.mask).save(folder / 'DBT-P00001/a/mask-1.png')

    def write(self):
        for name, columns, rows in (
            ('images', IMAGE_COLUMNS, self.images),
            ('findings', FINDING_COLUMNS, self.findings),
        ):
            with (self.folder / f'phantom-{name}.csv').open('w', newline='') as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder

    def convert(self, **options):
        annotations = convert_phantom(self.write(), show_progress=False, **options)
        validate_annotations(annotations)
        return annotations


@pytest.fixture
def phantoms(tmp_path):
    return PhantomRelease(tmp_path)


def test_images_of_every_modality_are_converted(phantoms):
    mammo, volume = phantoms.convert().images
    assert (mammo.modality, volume.modality) == ('FFDM', 'DBT')
    assert (volume.view, volume.view_name, volume.num_slices, volume.rotated_180) == ('R-MLO', 'rmlo1', SLICES, True)
    assert volume.labels == {'malignant': 1, 'benign': 0, 'birads': '5', 'density': 'C'}
    assert (volume.split, volume.manufacturer, volume.study_uid) == ('train', 'Phantom Vendor A', 'DBT-S00001')
    assert volume.spacing_mm == (0.1, 0.1) and mammo.spacing_mm is None


def test_findings_share_their_lesion_across_modalities(phantoms):
    flat, deep = phantoms.convert().findings
    assert flat.lesion_id == deep.lesion_id == 'DBT-P00001-R-1'
    assert flat.bbox_xywh == (2.5, 3.25, 4, 5) and flat.attributes == {'type': 'mass'}
    assert (flat.slice_index, flat.slice_range) == (0, None)
    assert (deep.slice_index, deep.slice_range) == (2, (1, 2))


def test_mask_becomes_a_run_length_encoding_of_the_same_pixels(phantoms):
    encoded = phantoms.convert().findings[0].segmentation
    np.testing.assert_array_equal(coco_mask.decode(encoded), phantoms.mask > 0)
    assert phantoms.convert(masks=False).findings[0].segmentation is None


@pytest.mark.parametrize('modality', ['FFDM', ['DBT']])
def test_modality_selects_images_and_their_findings(phantoms, modality):
    annotations = phantoms.convert(modality=modality)
    assert len(annotations.images) == len(annotations.findings) == 1
    assert annotations.images[0].modality in modality and annotations.info['dropped'] == []


def test_split_selects_images_and_their_findings(phantoms):
    phantoms.images[0]['split'] = 'test'
    annotations = phantoms.convert(split='test')
    assert [image.modality for image in annotations.images] == ['FFDM']
    assert len(annotations.findings) == 1 and annotations.info['dropped'] == []


def test_unannotated_positive_is_counted(phantoms):
    phantoms.findings.clear()
    assert phantoms.convert().info['counts']['unannotated_positives'] == 2


@pytest.mark.parametrize(
    ('table', 'changes', 'reason'),
    [
        ('images', {'width': 17}, 'width, height and slices are (17, 20, 3) in the table, (16, 20, 3) in the file'),
        ('images', {'modality': 'SM'}, 'modality is SM in the table, DBT in the file'),
        ('images', {'modality': 'MRI'}, "modality 'MRI' is none of FFDM, SM, DBT"),
        ('images', {'split': 'val'}, "split 'val' is none of train, validation, test"),
        ('images', {'path': 'nowhere.dcm'}, 'no file nowhere.dcm'),
        ('images', {'path': '../outside.dcm'}, 'no file ../outside.dcm'),
        ('images', {'path': '/etc/passwd'}, 'no file /etc/passwd'),
        ('images', {'density': 'E'}, "breast density 'E' is none of A to D"),
        ('images', {'view': 'left'}, "unknown view 'left'"),
        ('images', {'malignant': 'yes'}, "malignant 'yes' is not a number"),
        ('findings', {'class': 'cyst'}, "class 'cyst' is neither malignant nor benign"),
        ('findings', {'slice': 3}, 'slice 3 is outside 0 to 2'),
        ('findings', {'slice': 0}, 'slice 0 is outside the visible slices 1 to 2'),
        ('findings', {'x': 16}, 'lies outside the image'),
        ('findings', {'view': 'lcc'}, 'no image of DBT-P00001 DBT-S00001 lcc DBT'),
        ('findings', {'mask': 'nowhere.png'}, 'no file nowhere.png'),
        ('findings', {'mask': '../../outside.png'}, 'no file ../../outside.png'),
        ('findings', {'mask': 'other.png'}, 'mask other.png cannot be read (UnidentifiedImageError)'),
        ('findings', {'mask': 'small.png'}, 'mask small.png has 1 channels of 4 x 4 pixels, the image 1 of 16 x 20'),
    ],
)
def test_row_that_cannot_be_used_is_listed_with_its_line(phantoms, table, changes, reason):
    Image.new('L', (4, 4)).save(phantoms.folder / 'small.png')
    Image.new('L', (16, 20)).save(phantoms.folder / 'other.png', format='TIFF')
    Image.new('L', (16, 20)).save(phantoms.folder.parent / 'outside.png')
    getattr(phantoms, table)[1].update(changes)
    line = dropped(phantoms.convert())[0]
    assert line.startswith(f'phantom-{table}.csv line 3: ') and reason in line


def test_box_over_the_border_is_clipped_and_noted(phantoms):
    phantoms.findings[1].update(x=14, width=9)
    annotations = phantoms.convert()
    assert annotations.findings[1].bbox_xywh == (14, 3.25, 2, 5)
    assert annotations.info['counts']['clipped_boxes'] == 1


def test_finding_without_slices_is_kept_as_not_annotated_in_depth(phantoms):
    phantoms.findings[1].update(slice='', first_slice='', last_slice='')
    finding = phantoms.convert().findings[1]
    assert finding.slice_index is None and finding.slice_range is None


def test_repeated_image_is_listed(phantoms):
    phantoms.images.append(phantoms.images[0])
    assert dropped(phantoms.convert()) == ['phantom-images.csv line 4: repeats image DBT-P00001/a/1-1.dcm']


def test_empty_split_is_an_error_that_names_it(phantoms):
    with pytest.raises(ConversionError, match="split 'validation' is empty"):
        phantoms.convert(split='validation')


def test_modality_that_no_image_has_is_an_error(phantoms):
    with pytest.raises(ConversionError, match='no image is left to convert'):
        phantoms.convert(modality='SM')


@pytest.mark.parametrize('options', [{'modality': 'MRI'}, {'split': ['val']}])
def test_unknown_choice_is_an_error(phantoms, options):
    with pytest.raises(ConversionError, match=r"unknown (modality|split) \['(MRI|val)'\]"):
        phantoms.convert(**options)


def test_folder_without_phantoms_names_the_command_that_makes_them(tmp_path):
    with pytest.raises(ConversionError, match=r'holds no phantom-images\.csv: make phantoms with "python tools/make'):
        convert_phantom(tmp_path)


ROTATED_OFTEN = {'quirks.wrong_laterality_share': 0.5}


@pytest.fixture(scope='module')
def generated(tmp_path_factory):
    """Two generated patients, whose volumes are stored turned in half of the cases."""
    return make_phantoms(
        tmp_path_factory.mktemp('generated'), cases=2, seed=5, size='96x64x8', split=(1, 0, 0), overrides=ROTATED_OFTEN
    )


def test_both_converters_agree_on_generated_volumes(generated):
    by_truth = convert_phantom(generated, modality='DBT', show_progress=False)
    by_release = convert_bcs_dbt(generated, show_progress=False)
    assert by_truth.info['dropped'] == by_release.info['dropped'] == []
    assert 0 < by_truth.info['counts']['rotated_180'] < len(by_truth.images)
    assert by_truth.findings
    truth = {(image.patient_id, image.view_name): image for image in by_truth.images}
    for image in by_release.images:
        match = truth[image.patient_id, image.view_name]
        assert image.rotated_180 == match.rotated_180 and image.file_name == match.file_name
        boxes = [np.array(finding.bbox_xywh) for finding in by_release.findings_of(image.id)]
        expected = [np.array(finding.bbox_xywh) for finding in by_truth.findings_of(match.id)]
        assert len(boxes) == len(expected)
        for box, true_box in zip(boxes, expected, strict=True):
            np.testing.assert_allclose(box, true_box, atol=1.01)  # the release rounds to pixels


def test_some_of_the_landmark_columns_are_missed_by_name(tmp_path):
    folder = PhantomRelease(tmp_path).write()
    rows = (folder / 'phantom-images.csv').read_text().splitlines()
    columns = rows[0] + ',nipple_x'
    (folder / 'phantom-images.csv').write_text('\n'.join([columns, *(f'{row},3.5' for row in rows[1:])]) + '\n')
    with pytest.raises(ConversionError, match='the table has no column nipple_y'):
        convert_phantom(folder, show_progress=False)
