"""OMI-DB: records, images and marks joined, and labels that say no more than the records do."""

from __future__ import annotations

import json

import pytest

from mammo_plugins.datasets.converters.conversion_report import ConversionError
from mammo_plugins.datasets.converters.omi_db import conversion, convert_omi_db
from mammo_plugins.datasets.phantom.releases.omi_db import write_omi_db
from mammo_plugins.io import read_mammogram, validate_annotations
from tests.datasets.converters.omi_db_release import HEIGHT, STUDY, WIDTH, OmiDbRelease, biopsy, mark
from tests.datasets.converters.phantom_source import make_source
from tests.datasets.converters.report_lines import lines
from tests.io.dicom_builder import code


@pytest.fixture
def release(tmp_path):
    return OmiDbRelease(tmp_path / 'omi-db')


def convert(release, capitals=False, **options):
    annotations = convert_omi_db(release.write(capitals), show_progress=False, **options)
    validate_annotations(annotations)
    return annotations


class TestImages:
    @pytest.mark.parametrize('capitals', [False, True])
    def test_record_holds_what_records_and_header_say(self, release, capitals):
        release.add_episode(kind='F')
        path = release.add_image(side='R', view='MLO', Manufacturer='HOLOGIC, Inc.')
        annotations = convert(release, capitals)
        (image,) = annotations.images
        assert (image.patient_id, image.study_uid, image.view) == ('optm1', STUDY, 'R-MLO')
        assert (image.width, image.height, image.modality) == (WIDTH, HEIGHT, 'FFDM')
        assert image.labels == {'malignant': 0, 'benign': 0, 'status': 'N', 'episode_type': 'F', 'site': 'adde'}
        assert image.manufacturer == 'HOLOGIC, Inc.' and annotations.resolve_path(image) == path

    def test_unprocessed_images_are_left_out_and_counted_unless_asked_for(self, release):
        release.add_episode()
        release.add_image('1.1')
        release.add_image('1.2', raw=True, marks={'5': mark()})
        annotations = convert(release)
        assert len(annotations.images) == 1
        assert annotations.info['counts']['images_for_processing_left_out'] == 1
        assert lines(annotations) == ['optm1: 1 images for processing with 1 marks: not asked for']
        names = [image.view_name for image in convert(release, for_processing=True).images]
        assert names == ['lcc', 'lcc1']

    def test_image_without_file_is_listed(self, release):
        release.add_episode()
        release.add_image('1.1')
        release.add_image('1.2').unlink()
        (line,) = lines(convert(release))
        assert line == f'optm1 image 1.2: no file images/optm1/{STUDY}/1.2.dcm'

    def test_volume_is_refused_as_marks_on_slices_are_not_documented(self, release):
        release.add_episode()
        release.add_image('1.1')
        release.add_image('1.2', SOPClassUID='1.2.840.10008.5.1.4.1.1.13.1.3', NumberOfFrames=1)
        assert 'is a DBT volume: how marks name its slices is not documented' in lines(convert(release))[0]

    def test_magnification_view_is_kept_and_noted(self, release):
        release.add_episode()
        modifier = code('399163009', 'SCT', 'magnification')
        views = [code('399162004', 'SCT', 'cranio-caudal', ViewModifierCodeSequence=[modifier])]
        release.add_image(ViewCodeSequence=views)
        assert lines(convert(release), 'notes') == ['optm1 image 1.2.3.1: view modifiers: magnification']

    def test_no_client_is_in_two_splits(self, release):
        for number in range(1, 13):
            release.add_episode(f'demd{number}')
            for view in ('CC', 'MLO'):
                release.add_image(f'1.{number}.{len(view)}', f'demd{number}', view=view)
        splits = {(image.patient_id, image.split) for image in convert(release, seed=2).images}
        assert len(splits) == 12 and {split for _, split in splits} == {'train', 'validation', 'test'}

    @pytest.mark.parametrize(
        ('study', 'number', 'reason'),
        [
            ('../../outside', '1.1', 'not the UID of a study'),
            ('1.2/../3', '1.1', 'not the UID of a study'),
            ('1.6', '../../../../outside', 'is no UID'),
            ('1.6', '', 'is no UID'),
            ('1.6', '1.' + '9' * 400, 'no file images'),
        ],
    )
    def test_names_in_records_never_lead_out_of_the_folder(self, release, study, number, reason):
        release.add_episode()
        release.add_image('1.9')
        release.add_image('1.8', study='1.6').rename(release.folder.parent / 'outside.dcm')
        studies = release.images['optm1']['STUDIES']
        studies[study] = {'EpisodeID': '7', '1.2.3': {number: None}}
        if study != '1.6':
            del studies['1.6']
        annotations = convert(release)
        assert [image.file_name for image in annotations.images] == [f'images/optm1/{STUDY}/1.9.dcm']
        assert reason in lines(annotations)[0]


class TestOutcomes:
    """Status by the documentation: opinions of surgery and biopsy, and CI for interval cancers."""

    def statuses(self, release) -> list:
        annotations = convert(release, unknown_outcomes=True)
        return [image.labels.get('status') for image in annotations.images]

    @pytest.mark.parametrize('event', ['surgery', 'biopsywide', 'biopsyfine'])
    @pytest.mark.parametrize(
        ('opinion', 'status'),
        [
            ('Malignant', 'M'), ('OM', 'M'), ('Benign', 'B'), ('OB', 'B'), ('Hist malignant', 'M'), ('Cyt malig', 'M'),
            ('O Benign', 'B'), ('B5a', 'M'), ('B5b', 'M'), ('B5 Malignant', 'M'), ('Malignant - invasive', 'M'),
            ('Invasive carcinoma', 'M'), ('Malignant (DCIS)', 'M'), ('B5a - in situ', 'M'), ('B2 Benign', 'B'),
            ('Opinion: malignant.', 'M'),
        ],
    )  # fmt: skip
    def test_opinion_after_biopsy_or_surgery_decides_for_its_side(self, release, event, opinion, status):
        release.add_episode(**{event: biopsy(right=opinion)})
        release.add_image('1.1', side='L')
        release.add_image('1.2', side='R')
        assert self.statuses(release) == ['N', status]

    @pytest.mark.parametrize(
        'opinion',
        [
            'Not malignant', 'No malignancy', 'No invasive carcinoma', 'Malignant?', '? B5a', 'Probably B5',
            'B2 malignant', 'Suspicious of malignancy', 'Uncertain malignant potential', 'B3', 'B4',
            'Lobular carcinoma in situ',
            'Malignant/benign', 'Probably benign', 'Malignant excluded', 'B5a excluded', 'Non invasive',
        ],
    )  # fmt: skip
    def test_opinion_that_hedges_or_denies_is_no_result(self, release, opinion):
        release.add_episode(surgery=biopsy(right=opinion))
        release.add_image('1.2', side='R')
        assert self.statuses(release) == [None]

    def test_labels_of_malignant_and_benign_breasts(self, release):
        release.add_episode(surgery=biopsy('Malignant', 'Benign'))
        release.add_image('1.1', side='L')
        release.add_image('1.2', side='R')
        assert [(image.labels['malignant'], image.labels['benign']) for image in convert(release).images] == [
            (1, 0), (0, 1),
        ]  # fmt: skip

    @pytest.mark.parametrize('opinion', ['B5', 'C5', 'H5'])
    def test_opinion_of_a_lesion_counts_where_the_breast_has_none(self, release, opinion):
        release.add_episode(biopsywide=biopsy(right='Normal', L1=opinion))
        release.add_image(side='L')
        assert self.statuses(release) == ['M']

    def test_malignant_result_wins_over_a_benign_one(self, release):
        release.add_episode(biopsywide=biopsy('Benign'), surgery=biopsy('Malignant'))
        release.add_image()
        assert self.statuses(release) == ['M']

    @pytest.mark.parametrize('kind', ['CI', 'Interval case'])
    def test_interval_cancer_with_malignant_opinion_is_ci(self, release, kind):
        release.add_episode(kind=kind, surgery=biopsy('Malignant'))
        release.add_image('1.1', side='L')
        release.add_image('1.2', side='R')
        assert self.statuses(release) == ['CI', 'N']
        assert [image.labels['malignant'] for image in convert(release).images] == [1, 0]

    @pytest.mark.parametrize('event', ['intervalcancer', 'lesion'])
    def test_side_of_an_interval_cancer_without_opinions_is_that_of_its_lesions(self, release, event):
        release.add_episode(kind='CI', **{event: {'R': {'1': {}}}})
        release.add_image('1.1', side='L')
        release.add_image('1.2', side='R')
        assert self.statuses(release) == ['N', 'CI']

    def test_interval_cancer_of_unknown_side_labels_neither_breast(self, release):
        release.add_episode(kind='CI')
        release.add_image('1.1', side='L')
        annotations = convert(release, unknown_outcomes=True)
        assert 'malignant' not in annotations.images[0].labels
        assert lines(annotations, 'notes') == [
            'optm1 image 1.1: no label: an interval cancer whose side is not told'
        ]  # fmt: skip

    def test_interval_cancer_whose_biopsy_was_benign_is_no_proven_cancer(self, release):
        release.add_episode(kind='CI', biopsywide=biopsy('Benign'), lesion={'L': {'1': {}}})
        release.add_image()
        assert self.statuses(release) == [None]

    @pytest.mark.parametrize(('found', 'other'), [('7', '8'), ('8', '7')])
    def test_breast_with_cancer_in_another_episode_is_not_called_negative(self, release, found, other):
        release.add_episode(episode=found, surgery=biopsy('Malignant'))
        release.add_episode(episode=other)
        release.add_image('1.1', study='1.1', episode=found)
        release.add_image('1.2', study='1.2', episode=other)
        release.add_image('1.3', study='1.2', episode=other, side='R')
        annotations = convert(release, unknown_outcomes=True)
        assert [image.labels.get('malignant') for image in annotations.images] == [1, None, 0]
        assert 'another episode found cancer in this breast' in lines(annotations, 'notes')[0]

    @pytest.mark.parametrize(
        ('events', 'reason'),
        [
            ({'biopsywide': biopsy('Uncertain')}, 'biopsy or surgery was not conclusive: uncertain'),
            ({'biopsywide': biopsy(None, 'Normal', L1='B3')}, 'biopsy or surgery was not conclusive: b3'),
            ({'biopsywide': biopsy(None, 'Normal', L1=None)}, 'BIOPSYWIDE has no opinion of this breast'),
            ({'surgery': biopsy()}, 'SURGERY has no opinion'),
            ({'assessment': biopsy()}, 'ASSESSMENT has no opinion'),
            ({'assessment': biopsy('Suspicious')}, 'ASSESSMENT is suspicious without biopsy or surgery'),
            ({'screening': None}, 'the episode has no event'),
        ],
    )
    def test_open_question_gives_no_label_and_its_reason(self, release, events, reason):
        release.add_episode(**events)
        release.add_image()
        annotations = convert(release, unknown_outcomes=True)
        assert 'malignant' not in annotations.images[0].labels
        assert lines(annotations, 'notes') == [f'optm1 image 1.2.3.1: no label: {reason}']

    def test_breasts_of_unknown_outcome_are_left_out_by_default_as_training_takes_them_for_background(self, release):
        release.add_episode(episode='6')
        release.add_episode(episode='7', surgery=biopsy('Malignant'))
        release.add_image('1.6', study='1.6', episode='6')
        release.add_image('1.7', study='1.7', episode='7')
        annotations = convert(release)
        assert [image.labels['status'] for image in annotations.images] == ['M']
        assert lines(annotations) == [
            'optm1 image 1.6: outcome not known: another episode found cancer in this breast'
        ]  # fmt: skip
        assert annotations.info['counts']['dropped_images_of_unknown_outcome'] == 1

    def test_assessment_that_found_nothing_is_normal(self, release):
        release.add_episode(assessment=biopsy('Normal', 'Benign'))
        release.add_image('1.1', side='L')
        release.add_image('1.2', side='R')
        assert self.statuses(release) == ['N', 'N']

    def test_study_without_episode_is_kept_without_labels(self, release):
        release.add_episode()
        release.add_image(episode=None)
        annotations = convert(release, unknown_outcomes=True)
        assert 'malignant' not in annotations.images[0].labels
        assert lines(annotations, 'notes') == [
            f"optm1 study {STUDY}: episode '' is not in the screening record",
            'optm1 image 1.2.3.1: no label: no screening record of this episode',
        ]


class TestMarks:
    def test_mark_becomes_a_box_from_the_top_left_corner(self, release):
        release.add_episode(biopsywide=biopsy('Malignant', L1='B5'))
        release.add_image(marks={'10241': mark(Mass='Mass', MassClassification='spiculated')})
        (finding,) = convert(release).findings
        assert (finding.category, finding.bbox_xywh) == ('malignant', (4, 6, 10, 14))
        assert finding.attributes == {
            'type': 'mass', 'release_name': 'Mass', 'conspicuity': 'Subtle', 'mass_classification': 'spiculated',
        }  # fmt: skip

    def test_lesion_number_links_marks_of_two_views_and_not_those_of_another_episode(self, release):
        for episode in ('7', '8'):
            release.add_episode(episode=episode, biopsywide=biopsy('Malignant', L1='B5'))
            for view in ('CC', 'MLO'):
                release.add_image(f'1.{episode}.{len(view)}', study=f'1.{episode}', episode=episode, view=view,
                                  marks={'1': mark()})  # fmt: skip
        lesions = [finding.lesion_id for finding in convert(release).findings]
        assert lesions == ['optm1-7-L-1'] * 2 + ['optm1-8-L-1'] * 2

    def test_mark_of_two_lesions_is_malignant_where_one_is(self, release):
        release.add_episode(biopsywide=biopsy('Malignant', L1='B2', L2='B5'))
        release.add_image(marks={'1': mark(lesions='1,2')})
        (finding,) = convert(release).findings
        assert (finding.category, finding.lesion_id) == ('malignant', 'optm1-7-L-1+2')

    def test_lesion_with_a_benign_result_is_benign_in_a_malignant_breast(self, release):
        release.add_episode(biopsywide=biopsy('Malignant', L1='B2', L2='B5'))
        release.add_image(marks={'1': mark(lesions='1'), '2': mark(lesions='2')})
        assert [finding.category for finding in convert(release).findings] == ['benign', 'malignant']

    @pytest.mark.parametrize('opinion', ['Malignant', 'Benign'])
    @pytest.mark.parametrize('lesions', ['1', None])
    def test_breast_decides_where_no_lesion_has_a_result(self, release, opinion, lesions):
        release.add_episode(surgery=biopsy(opinion))
        release.add_image(marks={'1': mark(lesions=lesions)})
        (finding,) = convert(release).findings
        assert finding.category == opinion.lower()
        assert finding.lesion_id == ('optm1-7-L-1' if lesions else None)

    @pytest.mark.parametrize('lesions', ['2', None])
    def test_mark_without_result_beside_lesions_with_one_is_listed(self, release, lesions):
        release.add_episode(biopsywide=biopsy('Malignant', L1='B5'))
        release.add_image(marks={'1': mark(lesions=lesions)})
        assert 'neither malignant nor benign: ' in lines(convert(release))[0]

    def test_mark_in_a_prior_image_of_a_later_cancer_is_listed(self, release):
        release.add_episode(episode='6')
        release.add_episode(episode='7', surgery=biopsy('Malignant'))
        release.add_image(episode='6', marks={'1': mark(lesions=None)})
        assert lines(convert(release, unknown_outcomes=True)) == [
            'optm1 image 1.2.3.1 mark 1: neither malignant nor benign: another episode found cancer in this breast'
        ]

    @pytest.mark.parametrize(
        ('flags', 'kind'),
        [
            ({'Mass': 1, 'WithCalcification': 'WithCalcification'}, 'mass'),
            ({'SuspiciousCalcifications': 'SuspiciousCalcifications', 'Mass': None}, 'calcification'),
            ({'MilkOfCalcium': 'MilkOfCalcium', 'Mass': ''}, 'calcification'),
            ({'ArchitecturalDistortion': 1, 'SuspiciousCalcifications': 1}, 'distortion'),
            ({'FocalAsymmetry': 'FocalAsymmetry', 'Mass': 0}, 'asymmetry'),
            ({'Skin': 'Skin'}, 'other'),
            ({}, 'other'),
        ],
    )
    def test_flags_of_a_mark_become_its_type(self, release, flags, kind):
        release.add_episode(surgery=biopsy('Malignant'))
        release.add_image(marks={'1': mark(**flags)})
        assert convert(release).findings[0].attributes['type'] == kind

    def test_mark_over_the_border_is_clipped_and_noted(self, release):
        release.add_episode(surgery=biopsy('Malignant'))
        release.add_image(marks={'1': mark((-4, 6, 14, HEIGHT + 20))})
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (0, 6, 14, HEIGHT - 6)
        assert annotations.info['counts']['clipped_boxes'] == 1

    def test_swapped_corners_are_put_right_and_noted(self, release):
        release.add_episode(surgery=biopsy('Malignant'))
        release.add_image(marks={'1': mark((14, 20, 4, 6))})
        annotations = convert(release)
        assert annotations.findings[0].bbox_xywh == (4, 6, 10, 14)
        assert annotations.info['counts']['marks_with_swapped_corners'] == 1

    @pytest.mark.parametrize(
        ('content', 'reason'),
        [
            (mark((4, 6, 4, 20)), 'has no area'),
            (mark((400, 6, 410, 20)), 'lies outside the image'),
            (mark(('1e999', 6, 410, 20)), "X1 '1e999' is not a number"),
            ({**mark(), 'Y2': None}, 'Y2 None is not a number'),
            ({'MarkID': 1}, 'X1 None is not a number'),
            (None, 'is a NoneType, not an object with X1, Y1, X2, Y2'),
        ],
    )
    def test_mark_that_cannot_be_used_is_listed(self, release, content, reason):
        release.add_episode(surgery=biopsy('Malignant'))
        release.add_image(marks={'1': mark(), '2': content})
        annotations = convert(release)
        assert len(annotations.findings) == 1
        assert lines(annotations)[0].startswith('optm1 image 1.2.3.1 mark 2: ') and reason in lines(annotations)[0]
        assert annotations.images[0].labels['lost_findings'] == 1
        assert not annotations.is_annotated(annotations.images[0])


class TestRecords:
    @pytest.mark.parametrize('kind', ['imagedb', 'nbss'])
    def test_client_without_one_of_its_records_is_listed(self, release, kind):
        for client in ('optm1', 'optm2'):
            release.add_episode(client)
            release.add_image('1.1', client)
        release.write()
        (release.folder / f'data/optm2/{kind}_optm2.json').unlink()
        annotations = convert_omi_db(release.folder, show_progress=False)
        assert lines(annotations) == [f'data/optm2: no {kind}_optm2.json']

    @pytest.mark.parametrize(
        ('content', 'reason'),
        [
            ('{', 'nbss_optm2.json cannot be read (JSONDecodeError'),
            ('[]', 'nbss_optm2.json is a list, not an object'),
            ('[' * 200_000, 'nbss_optm2.json cannot be read (RecursionError'),
            # What could not be written into an annotation file.
            ('{"7": {"EpisodeType": 1e999}}', 'nbss_optm2.json cannot be read (ValueError'),
            ('{"7": {"EpisodeType": "\\ud800"}}', 'nbss_optm2.json cannot be read (UnicodeEncodeError'),
        ],
    )
    def test_broken_record_is_listed_and_stops_nothing(self, release, content, reason):
        for client in ('optm1', 'optm2'):
            release.add_episode(client)
            release.add_image('1.1', client)
        release.write()
        (release.folder / 'data/optm2/nbss_optm2.json').write_text(content)
        annotations = convert_omi_db(release.folder, show_progress=False)
        assert len(annotations.images) == 1 and reason in lines(annotations)[0]

    def test_record_of_absurd_size_is_refused(self, release, monkeypatch):
        for client in ('optm1', 'optm2'):
            release.add_episode(client)
            release.add_image('1.1', client)
        release.episodes['optm2']['7']['notes'] = 'x' * 5000
        monkeypatch.setattr(conversion, 'MAX_RECORD_BYTES', 4000)
        assert 'more than the 4000 of any record' in lines(convert(release))[0]

    def test_record_without_studies_is_listed(self, release):
        release.add_episode('optm1')
        release.add_image('1.1', 'optm1')
        release.add_episode('optm2')
        release.images['optm2'] = {'ClientID': 'optm2', 'STUDIES': None}
        assert lines(convert(release)) == ['data/optm2: imagedb: STUDIES is no object']

    def test_odd_values_everywhere_stop_nothing(self, release):
        release.add_episode(biopsywide={'L': [1], 'R': {'1': None}, 'left_opinion': 5}, surgery='none', lesion={'L': 3})
        release.add_image(marks=['odd'])
        assert len(convert(release, unknown_outcomes=True).images) == 1

    @pytest.mark.parametrize('folder', ['data', 'images'])
    def test_missing_folder_is_an_error(self, release, folder):
        (release.folder / folder).rmdir()
        with pytest.raises(ConversionError, match=f'holds no folder {folder}'):
            convert_omi_db(release.folder)

    def test_folder_without_clients_is_an_error(self, release):
        with pytest.raises(ConversionError, match='holds no folder of a client'):
            convert_omi_db(release.folder)


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    return make_source(tmp_path_factory.mktemp('phantoms') / 'source')


@pytest.fixture(scope='module')
def written(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('omi-db')
    write_omi_db(source.folder, folder, source.images, source.findings, seed=1)
    return folder


class TestPhantoms:
    def rows_by_image(self, source, annotations):
        rows = {(row.path.split('/')[1], row.view): row for row in source.ffdm}
        assert len(rows) == len(annotations.images)
        return [(image, rows[image.study_uid, image.view_name]) for image in annotations.images]

    def test_images_and_labels_come_back(self, source, written):
        annotations = convert_omi_db(written, show_progress=False)
        validate_annotations(annotations)
        for image, row in self.rows_by_image(source, annotations):
            assert (image.width, image.height) == (row.width, row.height)
            assert image.labels['malignant'] == row.malignant
            assert image.labels['benign'] == int(row.benign and not row.malignant)
            assert read_mammogram(annotations.resolve_path(image)).pixels.shape == (row.height, row.width)

    def test_boxes_categories_and_links_come_back(self, source, written):
        annotations = convert_omi_db(written, show_progress=False)
        links = {}
        for image, row in self.rows_by_image(source, annotations):
            drawn, found = source.findings_of(row), annotations.findings_of(image.id)
            assert len(found) == len(drawn)
            for finding, true in zip(found, drawn, strict=True):
                assert finding.category == true.malignancy and finding.attributes['type'] == true.type
                assert finding.bbox_xywh == pytest.approx((true.x, true.y, true.width, true.height), abs=1)
                links.setdefault(finding.lesion_id, set()).add(true.finding_id)
        assert len(links) > 3 and all(len(true) == 1 for true in links.values())

    def test_planted_quirks_are_counted(self, source, written):
        annotations = convert_omi_db(written, show_progress=False)
        assert annotations.info['counts']['images_for_processing_left_out'] == 6
        assert {image.labels['status'] for image in annotations.images} == {'M', 'CI', 'B', 'N'}
        names = [path.name for path in (written / 'data').rglob('*.json')]
        assert any(name.startswith('NBSS_') for name in names) and any(name.endswith('.dcm.json') for name in names)
        record = json.loads(next((written / 'data').rglob('nbss_*.json')).read_text())
        assert len([value for value in record.values() if isinstance(value, dict)]) == 2
