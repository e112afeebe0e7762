"""RSNA 2022: labels by breast, sizes from headers, splits by patient, and test images without labels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1

from mammo_plugins.datasets.converters import ConversionError
from mammo_plugins.datasets.converters.rsna_2022 import convert_rsna_2022
from mammo_plugins.datasets.phantom.releases.rsna_2022 import EXTRA_VIEWS, write_rsna_2022
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.phantom_source import make_source
from tests.datasets.converters.report_lines import dropped
from tests.datasets.converters.rsna_2022_release import HEIGHT, WIDTH, Rsna2022Release
from tests.io.dicom_builder import compressed, dbt_volume, gradient, mammogram


@pytest.fixture
def release(tmp_path):
    return Rsna2022Release(tmp_path)


def convert(release, **options):
    annotations = convert_rsna_2022(release.write(), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    def test_record_holds_what_table_and_header_say(self, release):
        row = release.add(7, 'R-MLO')
        (image,) = convert(release).images
        assert (image.patient_id, image.study_uid, image.view, image.view_name) == ('7', '7', 'R-MLO', 'rmlo')
        assert (image.width, image.height, image.modality, image.manufacturer) == (WIDTH, HEIGHT, 'FFDM', '')
        assert image.file_name == f'train_images/7/{row["image_id"]}.dcm'

    def test_side_and_view_of_the_table_win_over_the_header(self, release):
        release.add(view='R-ML', dataset=mammogram(gradient((48, 40)), ImageLaterality='L', ViewPosition='CC'))
        assert convert(release).images[0].view == 'R-ML'

    @pytest.mark.parametrize('position', ['CC', 'MLO', 'AT', 'LM', 'ML', 'LMO'])
    def test_every_view_of_the_release_is_known(self, release, position):
        """Beside CC and MLO the release has AT, LM, ML and LMO."""
        release.add(view=f'L-{position}')
        assert convert(release).images[0].view == f'L-{position}'

    @pytest.mark.parametrize('syntax', [JPEG2000Lossless, JPEGLosslessSV1])
    def test_inverted_images_in_jpeg_2000_and_jpeg_lossless_are_taken(self, release, syntax):
        """The release stores its images so, MONOCHROME1 in part; the reader turns them."""
        stored = gradient((HEIGHT, WIDTH))
        release.add(dataset=compressed(mammogram(stored, PhotometricInterpretation='MONOCHROME1'), syntax))
        annotations = convert(release)
        pixels = read_mammogram(annotations.resolve_path(annotations.images[0]), voi='none').pixels
        assert pixels[0, 0] == 1 and pixels[-1, -1] == 0
        assert np.all(np.diff(pixels.ravel()) <= 0)

    def test_patients_have_more_than_four_images(self, release):
        for _ in range(3):
            release.add(7, 'L-CC')
        release.add(7, 'L-MLO')
        assert [image.view_name for image in convert(release).images] == ['lcc', 'lcc1', 'lcc2', 'lmlo']

    def test_tomosynthesis_is_refused(self, release):
        release.add(1)
        release.add(2, dataset=dbt_volume(gradient((3, 40, 40))))
        assert dropped(convert(release))[0].endswith('is an image of modality DBT, not a mammogram')

    def test_truncated_image_is_listed(self, release):
        release.add(1)
        row = release.add(2)
        path = release.folder / f'train_images/2/{row["image_id"]}.dcm'
        path.write_bytes(path.read_bytes()[:-10])
        (line,) = dropped(convert(release))
        assert line.startswith(f'train.csv line 3: train_images/2/{row["image_id"]}.dcm: truncated')

    @pytest.mark.parametrize(
        ('changes', 'reason'),
        [
            ({'cancer': ''}, "cancer '' is not a number"),
            ({'cancer': 2}, "cancer '2' is neither 0 nor 1"),
            ({'view': 'XX'}, "unknown view 'L-XX'"),
            ({'laterality': ''}, 'laterality is empty'),
            ({'implant': 'maybe'}, "implant 'maybe' is neither 0 nor 1"),
            ({'BIRADS': 9}, "BI-RADS '9' is none of"),
            ({'density': 'E'}, "breast density 'E' is none of"),
            ({'age': 400}, 'age 400 is not between 0 and 120 years'),
            ({'image_id': 5}, 'no file train_images/2/5.dcm'),
            ({'image_id': '../../../../etc/passwd'}, 'no file train_images/2/../../'),
            ({'image_id': 1000}, 'repeats train.csv line 2: image 1000'),
        ],
    )
    def test_row_that_cannot_be_used_is_listed_with_its_line(self, release, changes, reason):
        release.add(1)
        release.add(2)
        release.train[1].update(changes)
        annotations = convert(release)
        (line,) = dropped(annotations)
        assert line.startswith('train.csv line 3: ') and reason in line and len(annotations.images) == 1

    def test_absent_image_is_not_replaced_by_the_only_other_one_of_its_patient(self, release):
        release.add(7, 'L-CC')
        row = release.add(7, 'R-CC', cancer=1)
        (release.folder / f'train_images/7/{row["image_id"]}.dcm').unlink()
        assert [image.view for image in convert(release).images] == ['L-CC']


class TestLabels:
    def test_cancer_without_boxes_is_an_unannotated_positive(self, release):
        """The release has no boxes at all."""
        release.add(cancer=1, invasive=1)
        annotations = convert(release)
        assert annotations.findings == [] and annotations.info['counts']['unannotated_positives'] == 1
        assert annotations.images[0].labels['malignant'] == 1 and annotations.images[0].labels['invasive'] == 1

    @pytest.mark.parametrize(('cancer', 'biopsy', 'benign'), [(0, 0, 0), (0, 1, 1), (1, 1, None)])
    def test_biopsy_without_cancer_is_benign(self, release, cancer, biopsy, benign):
        release.add(cancer=cancer, biopsy=biopsy)
        assert convert(release).images[0].labels.get('benign') == benign

    @pytest.mark.parametrize(('text', 'birads'), [('0.0', '0'), ('1.0', '1'), ('2.0', '2'), ('', None)])
    def test_birads_is_0_1_or_2_and_absent_at_one_site(self, release, text, birads):
        release.add(BIRADS=text)
        assert convert(release).images[0].labels.get('birads') == birads

    def test_further_facts_of_the_table_become_labels(self, release):
        release.add(site_id=2, machine_id=21, implant=1, age=55.0, density='D', difficult_negative_case='True')
        labels = convert(release).images[0].labels
        assert labels == {
            'malignant': 0, 'benign': 0, 'density': 'D', 'site_id': '2', 'machine_id': '21', 'implant': 1, 'age': 55,
            'biopsy': 0, 'invasive': 0, 'difficult_negative_case': 1,
        }  # fmt: skip

    def test_unknown_age_and_density_are_absent(self, release):
        release.add(age='', density='')
        labels = convert(release).images[0].labels
        assert 'age' not in labels and 'density' not in labels


class TestSplits:
    def test_patients_of_the_train_table_are_dealt_out_whole(self, release):
        for patient in range(1, 11):
            for view in ('L-CC', 'R-CC'):
                release.add(patient, view)
        images = convert(release, split_shares=(0.6, 0.2, 0.2), seed=1).images
        by_patient = {image.patient_id: {other.split for other in images if other.patient_id == image.patient_id}
                      for image in images}  # fmt: skip
        assert sorted(split for (split,) in by_patient.values()) == ['test'] * 2 + ['train'] * 6 + ['validation'] * 2

    def test_split_of_a_patient_does_not_depend_on_which_files_are_there(self, release):
        rows = [release.add(patient) for patient in range(1, 11)]
        whole = {image.patient_id: image.split for image in convert(release).images}
        for row in rows[:5]:
            (release.folder / f'train_images/{row["patient_id"]}/{row["image_id"]}.dcm').unlink()
        assert all(image.split == whole[image.patient_id] for image in convert(release).images)

    def test_images_of_the_test_table_have_neither_label_nor_split(self, release):
        """test.csv has no column cancer."""
        release.add(7)
        release.add(8, table='test')
        annotations = convert(release)
        train, test = annotations.images
        assert train.split is not None and test.split is None
        assert test.labels == {'site_id': '1', 'machine_id': '49', 'implant': 0, 'age': 61}
        assert test.file_name.startswith('test_images/8/')
        assert annotations.info['counts']['images_without_labels'] == 1 and annotations.info['dropped'] == []

    def test_impossible_shares_are_an_error(self, release):
        release.add()
        with pytest.raises(ConversionError, match='are not three numbers that sum to 1'):
            convert(release, split_shares=(1, 1, 1))


def test_folder_without_table_says_what_is_expected(tmp_path):
    with pytest.raises(ConversionError, match=r'holds no train\.csv: give the folder of the unpacked archive'):
        convert_rsna_2022(tmp_path)


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    """The phantoms, and what becomes of them as a release."""
    source = make_source(tmp_path_factory.mktemp('phantoms'))
    folder = tmp_path_factory.mktemp('RSNA')
    write_rsna_2022(source.folder, folder, source.images, source.findings, seed=3)
    return source, convert_rsna_2022(folder, show_progress=False)


class TestRoundTrip:
    def test_every_ffdm_comes_back_with_the_labels_of_its_breast(self, phantoms):
        source, annotations = phantoms
        validate_annotations(annotations)
        assert annotations.info['dropped'] == [] and annotations.findings == []
        labels = {(row.patient_id[5:], row.view[0].upper()): (row.malignant, row.density) for row in source.ffdm}
        labelled = [image for image in annotations.images if 'malignant' in image.labels]
        for image in labelled:
            malignant, density = labels[f'{int(image.patient_id) - 10000:05}', image.view[0]]
            assert image.labels['malignant'] == malignant and image.split is not None
            assert image.labels.get('density') == (density if image.labels['site_id'] == '1' else None)
        assert len(labelled) == len(source.ffdm) - 4 + 5  # four of the test patient, five extra views
        assert sum(image.labels['malignant'] for image in labelled) > 0

    def test_quirks_are_there(self, phantoms):
        _, annotations = phantoms
        positions = Counter(image.view.split('-')[1] for image in annotations.images)
        assert all(positions[position] == 1 for position in EXTRA_VIEWS)
        assert sum(image.view_name[-1].isdigit() for image in annotations.images) == 1
        assert sum(image.split is None for image in annotations.images) == 4
        assert {image.labels['site_id'] for image in annotations.images if 'birads' in image.labels} == {'1'}
        assert sum('age' not in image.labels for image in annotations.images) == 1

    def test_maker_left_the_headers_and_the_images_can_be_read(self, phantoms):
        _, annotations = phantoms
        assert {image.manufacturer for image in annotations.images} == {''}
        assert read_mammogram(annotations.resolve_path(annotations.images[0])).pixels.max() > 0

    def test_seed_decides_the_release(self, phantoms, tmp_path):
        source, _ = phantoms
        texts = []
        for name, seed in (('a', 3), ('b', 3), ('c', 4)):
            (tmp_path / name).mkdir()
            write_rsna_2022(source.folder, tmp_path / name, source.images, source.findings, seed=seed)
            texts.append((tmp_path / name / 'train.csv').read_text())
        assert texts[0] == texts[1] != texts[2]
