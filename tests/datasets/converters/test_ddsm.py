"""DDSM: cases, outlines as boxes and polygons, spacing, splits, and nothing lost without a line."""

from __future__ import annotations

import shutil
from collections import defaultdict

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.datasets.converters.conversion_report import ConversionError
from mammo_plugins.datasets.converters.ddsm import convert_ddsm
from mammo_plugins.datasets.converters.ddsm.raw_films import write_raw_films_as_png
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.ddsm_release import (
    LINES,
    PIXELS,
    DdsmRelease,
    abnormality,
    box_chain,
    film_line,
    overlay,
    write_film,
)
from tests.datasets.converters.report_lines import dropped, notes


@pytest.fixture
def release(tmp_path):
    return DdsmRelease(tmp_path / 'DDSM')


def convert(release, **options):
    annotations = convert_ddsm(release.folder, show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    def test_record_holds_what_the_ics_file_says(self, release):
        folder = release.add(overlays={'LEFT_CC': overlay(abnormality())})
        annotations = convert(release)
        image = annotations.images[0]
        assert (image.patient_id, image.study_uid, image.view, image.modality) == ('A_1141', 'A_1141_1', 'L-CC', 'FFDM')
        assert (image.width, image.height, image.num_slices) == (PIXELS, LINES, 1)
        assert image.manufacturer == 'LUMISYS'
        assert image.labels == {
            'malignant': 1, 'benign': 0, 'birads': '5', 'density': 'C', 'case': 'cancer', 'age': 42, 'abnormal': 1,
        }  # fmt: skip
        assert annotations.resolve_path(image) == folder / 'A_1141_1.LEFT_CC.png'
        assert read_mammogram(annotations.resolve_path(image)).pixels.shape == (LINES, PIXELS)

    def test_four_films_of_a_case_are_two_breasts_of_two_views(self, release):
        release.add()
        images = convert(release).images
        assert [image.view for image in images] == ['L-CC', 'L-MLO', 'R-CC', 'R-MLO']
        assert len({image.breast_id for image in images}) == 2

    @pytest.mark.parametrize(('resolution', 'spacing'), [('50', 0.05), ('43.5', 0.0435), ('42', 0.042), ('x', None)])
    def test_resolution_in_micrometres_is_the_spacing(self, release, resolution, spacing):
        release.add(resolution=resolution)
        expected = None if spacing is None else pytest.approx((spacing, spacing))
        assert convert(release).images[0].spacing_mm == expected

    @pytest.mark.parametrize(
        ('volume', 'case'),
        [
            ('cancers/cancer_05', 'cancer'),
            ('benigns/benign_01', 'benign'),
            ('benign_without_callbacks/benign_without_callback_02', 'benign_without_callback'),
            ('normals/normal_12', 'normal'),
            ('normals/my_part', None),
        ],
    )
    def test_volume_gives_the_level_of_the_case(self, release, volume, case):
        release.add(volume=volume)
        annotations = convert(release)
        assert annotations.images[0].labels.get('case') == case
        assert annotations.info['counts'].get('cases_without_level', 0) == (case is None)

    def test_normal_films_stay_in_as_negatives(self, release):
        release.add(volume='normals/normal_01')
        annotations = convert(release)
        assert len(annotations.images) == 4
        assert all((image.labels['malignant'], image.labels['benign']) == (0, 0) for image in annotations.images)

    @pytest.mark.parametrize('density', ['0', ''])
    def test_density_outside_1_to_4_is_unknown(self, release, density):
        release.add(density=density)
        annotations = convert(release)
        assert 'density' not in annotations.images[0].labels
        assert f'DENSITY {density!r} is outside 1 to 4: unknown' in notes(annotations)[0]

    def test_png_of_another_size_than_the_ics_file_says_is_listed(self, release):
        folder = release.add()
        write_film(folder / 'A_1141_1.LEFT_CC.png', (PIXELS, LINES))
        (line,) = dropped(convert(release))
        assert line.startswith('A-1141-1.ics LEFT_CC: ')
        assert 'A_1141_1.LEFT_CC.png: has 40 x 30 pixels, the .ics file says 30 x 40' in line

    def test_sizes_are_checked_without_decoding_pixels(self, release):
        folder = release.add(films=['LEFT_CC'])
        png = folder / 'A_1141_1.LEFT_CC.png'
        png.write_bytes(png.read_bytes()[:60])  # header chunk only
        assert len(convert(release).images) == 1

    @pytest.mark.parametrize('name', ['a_1141_1.left_cc.PNG', 'A_1141_1.LEFT_CC.LJPEG.png'])
    def test_other_usual_names_of_films_are_found(self, release, name):
        folder = release.add()
        (folder / 'A_1141_1.LEFT_CC.png').rename(folder / name)
        assert len(convert(release).images) == 4

    @pytest.mark.parametrize(
        ('line', 'reason'),
        [
            (film_line('LEFT_XX'), "unknown view 'L-XX'"),
            (film_line(size=(0, PIXELS)), "LINES '0' is not an integer from 1 to 20000"),
            (film_line(size=(LINES, 10**8)), "PIXELS_PER_LINE '100000000' is not an integer from 1 to 20000"),
            ('LEFT_CC LINES 40 OVERLAY', 'LEFT_CC: PIXELS_PER_LINE is missing'),
            (film_line('RIGHT_CC'), 'RIGHT_CC is listed twice'),
            ('LEFT_../../x LINES 40', 'LEFT_../../x: PIXELS_PER_LINE is missing'),
        ],
    )  # fmt: skip
    def test_line_of_a_film_that_cannot_be_used_is_listed(self, release, line, reason):
        folder = release.add(films=['RIGHT_CC'])
        path = folder / 'A-1141-1.ics'
        path.write_text(path.read_text() + line + '\n')
        annotations = convert(release)
        assert len(annotations.images) == 1
        (dropped_line,) = dropped(annotations)
        assert dropped_line.startswith(f'cancers/cancer_01/case1141/A-1141-1.ics line 9: {reason}')


class TestRawFilms:
    def raw(self, release, byte_order='>u2'):
        folder = release.add(films=['LEFT_CC', 'RIGHT_CC'], png=False)
        write_film(folder / 'A_1141_1.RIGHT_CC.png', (LINES, PIXELS))
        pixels = np.arange(LINES * PIXELS, dtype=np.uint16).reshape(LINES, PIXELS)
        pixels.astype(byte_order).tofile(folder / 'A_1141_1.LEFT_CC.LJPEG.1')
        return folder, pixels

    def test_raw_film_is_listed_with_the_command_that_writes_it_as_png(self, release):
        self.raw(release)
        (line,) = dropped(convert(release))
        assert 'no A_1141_1.LEFT_CC.png, only the raw film A_1141_1.LEFT_CC.LJPEG.1' in line
        assert 'python -c "from mammo_plugins.datasets.converters.ddsm.raw_films import write_raw_films_as_png' in line

    def test_big_endian_values_come_back_from_the_png(self, release):
        folder, pixels = self.raw(release)
        (png,) = write_raw_films_as_png(release.folder)
        assert png == folder / 'A_1141_1.LEFT_CC.png'
        with Image.open(png) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)
        assert len(convert(release).images) == 2 and write_raw_films_as_png(release.folder) == []

    def test_swapped_bytes_are_refused(self, release):
        self.raw(release, '<u2')
        with pytest.raises(ValueError, match='the bytes of each pixel are swapped'):
            write_raw_films_as_png(release.folder)

    def test_truncated_raw_film_is_refused(self, release):
        folder, _ = self.raw(release)
        raw = folder / 'A_1141_1.LEFT_CC.LJPEG.1'
        raw.write_bytes(raw.read_bytes()[:-2])
        with pytest.raises(ValueError, match='has 2398 bytes, 40 lines of 30 pixels need 2400'):
            write_raw_films_as_png(release.folder)

    def test_ljpeg_is_listed_with_what_to_do(self, release):
        folder = release.add(films=['LEFT_CC', 'RIGHT_CC'], png=False)
        write_film(folder / 'A_1141_1.RIGHT_CC.png', (LINES, PIXELS))
        (folder / 'A_1141_1.LEFT_CC.LJPEG').write_bytes(b'\xff\xd8')
        (line,) = dropped(convert(release))
        assert 'only A_1141_1.LEFT_CC.LJPEG: decode it to A_1141_1.LEFT_CC.LJPEG.1' in line

    def test_film_without_any_file_is_listed(self, release):
        folder = release.add()
        (folder / 'A_1141_1.LEFT_CC.png').unlink()
        assert dropped(convert(release)) == ['A-1141-1.ics LEFT_CC: no A_1141_1.LEFT_CC.png']


class TestFindings:
    def test_chain_code_becomes_a_box_and_a_polygon(self, release):
        release.add(overlays={'RIGHT_MLO': overlay(abnormality(box=(4, 6, 5, 7)))})
        annotations = convert(release)
        (finding,) = annotations.findings
        assert annotations.image(finding.image_id).view == 'R-MLO'
        assert finding.bbox_xywh == (4, 6, 5, 7)
        # Through the centres of the pixels, so half a pixel inside of the box.
        assert finding.segmentation == [[4.5, 6.5, 8.5, 6.5, 8.5, 12.5, 4.5, 12.5]]

    def test_attributes_are_read(self, release):
        lesion = 'CALCIFICATION TYPE PLEOMORPHIC DISTRIBUTION CLUSTERED'
        text = overlay(abnormality(lesion=lesion, pathology='BENIGN_WITHOUT_CALLBACK', assessment='2'))
        release.add(overlays={'LEFT_CC': text})
        (finding,) = convert(release).findings
        assert finding.category == 'benign'
        assert finding.attributes == {
            'type': 'calcification', 'release_name': 'CALCIFICATION', 'pathology': 'BENIGN_WITHOUT_CALLBACK',
            'birads': '2', 'calc_type': 'PLEOMORPHIC', 'calc_distribution': 'CLUSTERED', 'subtlety': 3,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ('lesion', 'kind', 'name'),
        [
            ('MASS SHAPE ARCHITECTURAL_DISTORTION MARGINS N/A', 'distortion', 'MASS'),
            ('MASS SHAPE FOCAL_ASYMMETRIC_DENSITY MARGINS N/A', 'asymmetry', 'MASS'),
            ('OTHER', 'other', 'OTHER'),
            (
                'CALCIFICATION TYPE COARSE DISTRIBUTION N/A\nLESION_TYPE MASS SHAPE OVAL MARGINS OBSCURED',
                'mass',
                'CALCIFICATION+MASS',
            ),
        ],
    )
    def test_type_comes_from_kinds_and_shape(self, release, lesion, kind, name):
        release.add(overlays={'LEFT_CC': overlay(abnormality(lesion=lesion))})
        attributes = convert(release).findings[0].attributes
        assert (attributes['type'], attributes['release_name']) == (kind, name)

    def test_core_is_no_finding_of_its_own(self, release):
        core = f'\tCORE\n{box_chain((6, 8, 2, 2))}\n'
        release.add(overlays={'LEFT_CC': overlay(abnormality(after=core + core))})
        (finding,) = convert(release).findings
        assert finding.bbox_xywh == (4, 6, 5, 7) and finding.attributes['cores'] == 2

    def test_outline_over_the_border_is_clipped_and_noted(self, release):
        # Outlines of the release may overrun the edges of their film.
        chain = '2 3 6 6 6 6 4 4 4 2 2 2 2 0 0 0 #'
        release.add(overlays={'LEFT_CC': overlay(abnormality(chain=chain))})
        annotations = convert(release)
        (finding,) = annotations.findings
        assert finding.bbox_xywh == (0, 3, 3, 4)
        assert finding.segmentation == [[2.5, 3.5, 0.0, 3.5, 0.0, 6.5, 2.5, 6.5]]
        assert annotations.info['counts']['clipped_boxes'] == 1
        reason = 'box (-2.0, 3.0, 5.0, 4.0) clipped to 30 x 40 pixels'
        assert notes(annotations) == [f'A-1141-1.ics LEFT_CC abnormality 1: {reason}']

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'pathology': 'UNPROVEN'}, "pathology 'UNPROVEN' is none of MALIGNANT, BENIGN"),
            ({'pathology': ''}, "pathology '' is none of"),
            ({'chain': '4 6 2 2 9 #'}, "outline has direction '9': expected 0 to 7"),
            ({'chain': '4 #'}, "outline starts with ['4'], not with a column and a row"),
            ({'chain': '4 6 2 2'}, 'outline ends without #'),
            ({'chain': '99999999999999999999 6 2 #'}, 'outline starts with'),
            ({'chain': '000000001' + '9' * 20 + ' 6 2 #'}, 'outline starts with'),  # not judged by its first digits
            ({'chain': '4 6 ' + '9' * 5000 + ' #'}, "outline has direction '99999999999999999999': expected"),
            ({'chain': '400 6 2 4 6 0 #'}, 'lies outside the image of 30 x 40 pixels'),
        ],
    )
    def test_abnormality_that_cannot_be_used_is_listed_and_the_others_stay(self, release, changes, reason):
        release.add(overlays={'LEFT_CC': overlay(abnormality(**changes), abnormality())})
        annotations = convert(release)
        assert [finding.bbox_xywh for finding in annotations.findings] == [(4, 6, 5, 7)]
        (line,) = dropped(annotations)
        assert line.startswith('A-1141-1.ics LEFT_CC abnormality 1: ') and reason in line
        (image,) = [image for image in annotations.images if image.id == annotations.findings[0].image_id]
        assert image.labels['lost_findings'] == 1 and not annotations.is_annotated(image)

    def test_outline_that_encloses_nothing_keeps_its_box(self, release):
        release.add(overlays={'LEFT_CC': overlay(abnormality(chain='4 6 2 2 6 6 #'))})
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (4, 6, 3, 1) and annotations.findings[0].segmentation is None
        assert 'outline encloses nothing: box only' in notes(annotations)[0]

    def test_lesion_is_linked_across_the_views_of_a_breast(self, release):
        text = overlay(abnormality())
        release.add(overlays={'LEFT_CC': text, 'LEFT_MLO': text, 'RIGHT_CC': text})
        assert [finding.lesion_id for finding in convert(release).findings] == ['A_1141_1-L-1'] * 2 + [None]


class TestLabels:
    def test_abnormality_without_usable_outline_still_labels_its_film(self, release):
        release.add(overlays={'LEFT_CC': overlay(abnormality(chain='4 #'))})
        annotations = convert(release)
        assert annotations.images[0].labels['malignant'] == 1
        assert annotations.info['counts']['unannotated_positives'] == 1

    def test_unproven_abnormality_leaves_the_labels_open(self, release):
        release.add(overlays={'LEFT_CC': overlay(abnormality(pathology='UNPROVEN')),
                              'RIGHT_CC': overlay(abnormality())})  # fmt: skip
        labels = convert(release).images[0].labels
        assert 'malignant' not in labels and 'benign' not in labels and labels['abnormal'] == 1

    @pytest.mark.parametrize(
        ('volume', 'expected'),
        [
            ('cancers/cancer_01', {}),
            ('benigns/benign_01', {'malignant': 0}),
            ('normals/normal_01', {'malignant': 0, 'benign': 0, 'abnormal': 0}),
        ],
    )
    def test_missing_overlay_leaves_open_what_the_volume_does_not_settle(self, release, volume, expected):
        folder = release.add(volume=volume, overlays={'LEFT_CC': overlay(abnormality())})
        (folder / 'A_1141_1.LEFT_CC.OVERLAY').unlink()
        annotations = convert(release)
        labels = annotations.images[0].labels
        assert {name: labels[name] for name in ('malignant', 'benign', 'abnormal') if name in labels} == expected
        assert 'A_1141_1.LEFT_CC.OVERLAY is announced, but missing' in notes(annotations)[0]

    def test_films_of_a_cancer_case_without_malignant_finding_are_no_negatives(self, release):
        release.add('A-1-1', overlays={'LEFT_CC': overlay(abnormality(pathology='BENIGN'))})
        release.add('A-2-1', overlays={'LEFT_CC': overlay(abnormality(pathology='MALIGNANT'))})
        annotations = convert(release)
        assert [image.labels.get('malignant') for image in annotations.images] == [None] * 4 + [1, 0, 0, 0]
        assert [image.labels.get('abnormal') for image in annotations.images] == [1, None, None, None, 1, 0, 0, 0]
        assert annotations.info['counts']['cancers_without_malignancy'] == 4

    def test_overlay_with_fewer_abnormalities_than_announced_is_noted(self, release):
        text = overlay(abnormality()).replace('TOTAL_ABNORMALITIES 1', 'TOTAL_ABNORMALITIES 3')
        release.add(overlays={'LEFT_CC': text})
        annotations = convert(release)
        assert 'announces 3 abnormalities and holds 1' in notes(annotations)[0]
        (image,) = [image for image in annotations.images if image.id == annotations.findings[0].image_id]
        assert image.labels['lost_findings'] == 2 and not annotations.is_annotated(image)

    def test_overlay_that_is_not_announced_is_used_and_noted(self, release):
        folder = release.add()
        (folder / 'A_1141_1.LEFT_CC.OVERLAY').write_text(overlay(abnormality()))
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert annotations.info['counts']['unannounced_overlays'] == 1


class TestSplits:
    def test_exams_of_one_patient_are_in_one_split(self, release):
        for number in range(10):
            release.add(f'B-{number}-1', volume='normals/normal_01', films=['LEFT_CC'])
            release.add(f'B-{number}-2', volume='normals/normal_02', films=['LEFT_CC'])
        annotations = convert(release, split_shares=(0.5, 0.2, 0.3), seed=3)
        splits = defaultdict(set)
        for image in annotations.images:
            splits[image.patient_id].add(image.split)
        assert len(splits) == 10 and all(len(found) == 1 for found in splits.values())
        counts = annotations.info['counts']
        assert [counts[f'images_{split}'] for split in ('train', 'validation', 'test')] == [10, 4, 6]

    def test_wrong_shares_are_an_error(self, release):
        release.add()
        with pytest.raises(ConversionError, match='are not three numbers that sum to 1'):
            convert(release, split_shares=(0.5, 0.1, 0.1))


class TestCases:
    def test_repeated_case_is_listed(self, release):
        folder = release.add()
        shutil.copytree(folder, folder.with_name('copy'))
        annotations = convert(release)
        assert len(annotations.images) == 4
        assert dropped(annotations) == [
            'cancers/cancer_01/copy/A-1141-1.ics: repeats case cancers/cancer_01/case1141/A-1141-1.ics'
        ]

    def test_case_without_films_is_listed(self, release):
        release.add('A-1-1')
        release.add('A-2-1', films=[])
        assert dropped(convert(release)) == ['cancers/cancer_01/case2/A-2-1.ics: lists no film that can be used']

    def test_volumes_are_named_as_the_release(self, release):
        release.add('A-1-1')
        release.add('A-2-1', volume='normals/normal_01')
        assert convert(release).info['release'] == ['cancers/cancer_01', 'normals/normal_01']

    def test_folder_without_cases_says_what_is_expected(self, tmp_path):
        with pytest.raises(ConversionError, match=r'holds no case \(\*\.ics\)'):
            convert_ddsm(tmp_path)

    def test_missing_folder_is_named(self, tmp_path):
        with pytest.raises(ConversionError, match='nowhere is not a folder'):
            convert_ddsm(tmp_path / 'nowhere')

    def test_release_without_any_film_gives_the_first_reasons(self, release):
        release.add(png=False)
        with pytest.raises(ConversionError, match=r'no image is left to convert; left out:\n.*no A_1141_1\.LEFT'):
            convert(release)
