"""Boxes and masks of CBIS-DDSM, from files whose names do not tell what they are."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tests.datasets.converters.cbis_ddsm_release import HEIGHT, WIDTH, CbisDdsmRelease, box_mask, convert, film
from tests.datasets.converters.report_lines import dropped, notes
from tests.io.dicom_builder import gradient, save


@pytest.fixture
def release(tmp_path):
    return CbisDdsmRelease(tmp_path / 'CBIS-DDSM')


@pytest.mark.parametrize('kind', ['mass', 'calc'])
def test_mask_is_told_from_the_cropped_image_although_names_are_swapped_between_kinds(release, kind):
    row = release.add(kind=kind, box=(3, 5, 11, 8))
    assert row['ROI mask file path'].strip().endswith('000001.dcm' if kind == 'mass' else '000000.dcm')
    annotations = convert(release)
    (finding,) = annotations.findings
    assert finding.bbox_xywh == (3, 5, 11, 8)
    np.testing.assert_array_equal(
        coco_mask.decode(finding.segmentation), box_mask((HEIGHT, WIDTH), (3, 5, 11, 8)).astype(np.uint8)
    )


def test_path_that_ends_in_a_newline_is_read(release):
    row = release.add()
    assert row['ROI mask file path'].endswith('.dcm\n')
    assert len(convert(release).findings) == 1


def test_box_reaches_around_all_parts_of_a_mask(release):
    mask = box_mask((HEIGHT, WIDTH), (2, 3, 2, 2)) | box_mask((HEIGHT, WIDTH), (20, 30, 10, 10))
    release.add(mask=mask)
    assert convert(release).findings[0].bbox_xywh == (2, 3, 28, 37)


def test_masks_may_be_left_out(release):
    release.add()
    (finding,) = convert(release, masks=False).findings
    assert finding.segmentation is None and finding.bbox_xywh == (4, 6, 5, 7)


def test_mask_and_cropped_image_in_series_of_their_own_are_found(release):
    # As in 104 rows, where both files are named 000000.dcm.
    row = release.add()
    series = release.path_of(row, 'ROI mask file path')
    other = series.with_name('1.2.3')
    other.mkdir()
    (series / '1-1.dcm').rename(other / '1-1.dcm')
    assert convert(release).findings[0].bbox_xywh == (4, 6, 5, 7)


@pytest.mark.parametrize(('rows', 'columns'), [(1, 0), (-2, 3), (-1, -1), (8, 8)])
def test_mask_of_a_few_pixels_more_or_less_is_cut_or_filled_and_noted(release, rows, columns):
    release.add(mask=box_mask((HEIGHT + rows, WIDTH + columns), (4, 6, 5, 7)))
    annotations = convert(release)
    assert annotations.findings[0].bbox_xywh == (4, 6, 5, 7)
    assert annotations.findings[0].segmentation['size'] == [HEIGHT, WIDTH]
    assert annotations.info['counts']['masks_of_other_size'] == 1
    assert 'cut or filled at the lower right' in notes(annotations)[0]


def test_mask_of_the_film_at_another_resolution_is_scaled(release):
    # 43.5 and 50 um are 1.149 apart, as the known cases (5041 x 2056 for a film of 4386 x 1789) are.
    size, mask_size = (438, 179), (504, 206)
    release.add(size=size, mask=box_mask(mask_size, (46, 115, 69, 92)))
    annotations = convert(release)
    np.testing.assert_allclose(annotations.findings[0].bbox_xywh, (40, 100, 60, 80), atol=1)
    assert 'enlarged by 0.86' in notes(annotations)[0]


def test_mask_of_another_film_is_listed_and_its_image_stays_malignant(release):
    # P_00353 has masks of 4624 x 3056 for a film of 4688 x 3088.
    release.add(1, size=(469, 309), mask=box_mask((441, 306), (4, 6, 5, 7)))
    annotations = convert(release)
    assert annotations.findings == [] and annotations.images[0].labels['malignant'] == 1
    assert annotations.info['counts']['unannotated_positives'] == 1
    assert 'mask of 306 x 441 pixels, film of 309 x 469: not of this film' in dropped(annotations)[0]


def test_files_of_one_size_are_told_apart_by_their_series_description(release):
    row = release.add()
    folder = release.path_of(row, 'ROI mask file path')
    save(film(gradient((HEIGHT, WIDTH), 16), 'x', 'cropped images'), folder / '1-1.dcm')
    assert convert(release).findings[0].bbox_xywh == (4, 6, 5, 7)


def test_files_that_cannot_be_told_apart_are_listed(release):
    row = release.add()
    folder = release.path_of(row, 'ROI mask file path')
    shutil.copy(folder / '1-2.dcm', folder / '1-3.dcm')
    assert 'several files might be its mask: 1-2.dcm, 1-3.dcm' in dropped(convert(release))[0]


def test_image_is_not_taken_for_a_mask(release):
    row = release.add()
    (release.path_of(row, 'ROI mask file path') / '1-2.dcm').unlink()
    assert '1-1.dcm: has more than two values: an image, not a mask' in dropped(convert(release))[0]


def test_broken_cropped_image_does_not_cost_the_mask(release):
    row = release.add()
    (release.path_of(row, 'ROI mask file path') / '1-1.dcm').write_text('gone')
    assert len(convert(release).findings) == 1


@pytest.mark.parametrize(
    ('damage', 'reason'),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), '1-2.dcm: truncated'),
        (lambda path: shutil.rmtree(path.parent), 'no file of its mask'),
    ],
)
def test_mask_that_cannot_be_read_is_listed(release, damage, reason):
    release.add(1)
    row = release.add(2)
    damage(release.path_of(row, 'ROI mask file path') / '1-2.dcm')
    annotations = convert(release)
    assert len(annotations.images) == 2 and len(annotations.findings) == 1
    assert reason in dropped(annotations)[0] and 'P_00002_LEFT_CC, abnormality 1' in dropped(annotations)[0]


def test_empty_mask_is_listed(release):
    release.add(mask=np.zeros((HEIGHT, WIDTH), bool))
    assert 'the mask marks no pixel of the film' in dropped(convert(release))[0]


def test_several_processes_give_what_one_gives(release):
    for number in range(64):
        release.add(number, box=(1 + number % 9, 2, 3, 4))
    one, two = (convert(release, workers=workers) for workers in (1, 2))
    assert one == two and one.findings[8].bbox_xywh == (9, 2, 3, 4)
