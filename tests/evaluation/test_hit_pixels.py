"""On whose pixels the 100 pixels of a hit are measured: hand-worked pairs of SM and FFDM, by function and command."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mammo_plugins.apis.study.number_readers import NUMBER_READERS
from mammo_plugins.apis.study.readings import ImageChoice, Reading
from mammo_plugins.commands.evaluate import main
from mammo_plugins.evaluation import (
    choose_protocols,
    choose_threshold,
    evaluate_detections,
    evaluate_subgroups,
    get_protocol,
)
from mammo_plugins.evaluation.repeated_runs import sample_run
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, read_annotations, write_annotations
from tests.evaluation.point_predictions import predicted

SM_SIZE, FFDM_SIZE = (600, 1000), (1000, 1667)  # a pixel of the FFDM is 0.6 of one of the SM; their shapes agree
ALL, POSITIVE = 'FAUC-1', 'FAUC-1 (positive images)'


def image(number, modality, size, patient='p1', time=None, **facts):
    facts = {'labels': {'malignant': 0}, 'split': 'test', **facts}
    return ImageRecord(
        number, f'{number}.dcm', *size, 1, patient, 's1', 'L-CC', modality, acquisition_time_s=time, **facts
    )


def pair(sm_size=SM_SIZE, ffdm_size=FFDM_SIZE, **sm):
    """The SM and the FFDM of a view, each with a small malignant finding around (300, 300)."""
    images = [image(1, 'SM', sm_size, **sm), image(2, 'FFDM', ffdm_size, spacing_mm=(0.06, 0.06))]
    findings = [
        FindingRecord(number, 'malignant', (290, 290, 20, 20), attributes={'type': 'mass'}) for number in (1, 2)
    ]
    return AnnotationSet(images, findings, {'root': ''})


def fauc(annotations, modality, pixels_of, distance):
    (protocol,) = choose_protocols(['center-hit'], pixels_of)
    found = predicted(('p1', 300 + distance, 300, 0.9))
    return evaluate_detections(found, annotations.select(modality=modality), protocol).numbers[ALL].value


@pytest.mark.parametrize(
    ('sentence', 'modality', 'pixels_of', 'distance', 'expected'),
    [
        ('100 own pixels of the SM reach 99.', 'SM', 'own', 99, 1),
        ('And not 100.', 'SM', 'own', 100, 0),
        ('100 pixels of the SM are its own.', 'SM', 'SM', 99, 1),
        ('100 pixels of the FFDM are 60 of the SM.', 'SM', 'FFDM', 59, 1),
        ('61 of the SM are more than 100 of the FFDM.', 'SM', 'FFDM', 61, 0),
        ('100 own pixels of the FFDM reach 99.', 'FFDM', 'own', 99, 1),
        ('100 pixels of the SM are 166 2/3 of the FFDM.', 'FFDM', 'SM', 166, 1),
        ('167 are more.', 'FFDM', 'SM', 168, 0),
    ],
)
def test_100_pixels_are_those_of_the_grid_that_is_named(sentence, modality, pixels_of, distance, expected):
    assert fauc(pair(), modality, pixels_of, distance) == expected, sentence


def test_half_the_diagonal_stays_in_pixels_of_the_image():
    wide = FindingRecord(1, 'malignant', (150, 100, 300, 400))  # half the diagonal is 250, the centre (300, 300)
    annotations = replace(pair(), findings=[wide])
    assert [fauc(annotations, 'SM', pixels_of, 249) for pixels_of in ('own', 'FFDM')] == [1, 1]
    assert [fauc(annotations, 'SM', pixels_of, 250) for pixels_of in ('own', 'FFDM')] == [0, 0]


def test_spacing_tells_where_shapes_differ():
    cut = pair(sm_size=(600, 800), spacing_mm=(0.1, 0.1))  # beside 0.06 mm
    assert [fauc(cut, 'SM', 'FFDM', distance) for distance in (59, 61)] == [1, 0]


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (lambda a: replace(a, images=a.images[:1], findings=a.findings[:1]), 'no FFDM image of the annotation file'),
        (lambda a: replace(a, images=[replace(a.images[0], height=800), a.images[1]]), 'another aspect ratio'),
        (
            lambda a: replace(a, images=[*a.images, replace(a.images[1], id=3, width=500, view_name='lcc2')]),
            '2 FFDM images show its view',
        ),
    ],
)
def test_what_nothing_tells_is_refused_by_name(change, reason):
    with pytest.raises(ValueError, match=f'SM image p1/s1/lcc .*{reason}') as raised:
        fauc(change(pair()), 'SM', 'FFDM', 0)
    assert "hit_pixels_of='own'" in str(raised.value)
    assert fauc(change(pair()), 'SM', 'own', 0) == 1


def test_images_without_findings_need_no_partner():
    annotations = pair()
    annotations = replace(annotations, images=[*annotations.images, image(3, 'SM', SM_SIZE, 'p2')])
    assert fauc(annotations, 'SM', 'FFDM', 59) == 1


def test_times_tell_which_of_two_partners_is_meant():
    annotations = pair(time=10.0)
    near, far = replace(annotations.images[1], acquisition_time_s=12.0), image(3, 'FFDM', (2000, 3334), time=900.0)
    annotations = replace(annotations, images=[annotations.images[0], near, replace(far, view_name='lcc2')])
    assert [fauc(annotations, 'SM', 'FFDM', distance) for distance in (59, 61)] == [1, 0]


def test_grid_is_refused_where_no_distance_is_measured():
    with pytest.raises(ValueError, match='mm3d measure none'):
        choose_protocols(['mm3d'], 'FFDM')
    with pytest.raises(ValueError, match="one of own, FFDM, SM, DBT, got 'CT'"):
        choose_protocols(['center-hit'], 'CT')
    mixed = choose_protocols(['mm3d', 'center-hit'], 'SM')
    assert mixed[0] == get_protocol('mm3d') and mixed[1].hit.hit_pixels_of == 'SM'


def three_patients():
    """p1: a mass and a calcification, p2: a mass, p3: nothing; as SM, each with an FFDM."""
    images, findings = [], []
    for number, types in enumerate((('mass', 'calcification'), ('mass',), ()), start=1):
        for offset, modality, size in ((0, 'SM', SM_SIZE), (10, 'FFDM', FFDM_SIZE)):
            labels = {'malignant': int(bool(types))}
            images.append(image(number + offset, modality, size, f'p{number}', labels=labels))
            findings += [
                FindingRecord(number + offset, 'malignant', (290, 290 + 400 * k, 20, 20), attributes={'type': name})
                for k, name in enumerate(types)
            ]
    return AnnotationSet(images, findings, {'root': ''})


ROWS = [
    ('p3', 300, 300, 0.9),  # false
    ('p1', 300, 330, 0.8),  # the mass of p1
    ('p2', 300, 900, 0.7),  # false
    ('p1', 300, 770, 0.6),  # the calcification, 70 pixels off: more than 100 pixels of the FFDM
    ('p2', 300, 300, 0.5),  # the mass of p2
]
# False positives an image and recall, score by score, over the 3 images:
#   own pixels:  (1/3, 0) (1/3, 1/3) (2/3, 1/3) (2/3, 2/3) (2/3, 1)       area 1/3 * 1/3 + 1/3 * 1     = 4/9
#   of the FFDM: (1/3, 0) (1/3, 1/3) (2/3, 1/3) (1, 1/3) (1, 2/3)         area 2/3 * 1/3               = 2/9
# Over the 2 images with findings, p3 is not counted:
#   own pixels:  (0, 1/3) (1/2, 1/3) (1/2, 2/3) (1/2, 1)                  area 1/2 * 1/3 + 1/2         = 2/3
#   of the FFDM: (0, 1/3) (1/2, 1/3) (1, 1/3) (1, 2/3)                    area 1 * 1/3                 = 1/3
FAUCS = {'own': (4 / 9, 2 / 3), 'FFDM': (2 / 9, 1 / 3)}
# Masses alone; the hit of the calcification is then neither true nor false, in FFDM pixels it is false:
#   own pixels:  (1/3, 0) (1/3, 1/2) (2/3, 1/2) (2/3, 1)            area 1/3 * 1/2 + 1/3 = 1/2
#   of the FFDM: (1/3, 0) (1/3, 1/2) (2/3, 1/2) (1, 1/2) (1, 1)     area 2/3 * 1/2       = 1/3
#   of positive images: (0, 1/2) (1/2, 1/2) (1/2, 1), area 3/4; and (0, 1/2) (1/2, 1/2) (1, 1/2), area 1/2
# Calcifications alone, found in own pixels only; the image of p1 alone has one:
#   own pixels:  (1/3, 0) (2/3, 0) (2/3, 1), area 1/3; of positive images (0, 1), area 1
BY_TYPE = {
    'own': {'mass': (1 / 2, 3 / 4), 'calcification': (1 / 3, 1)},
    'FFDM': {'mass': (1 / 3, 1 / 2), 'calcification': (0, 0)},
}


@pytest.mark.parametrize('pixels_of', FAUCS)
def test_faucs_of_all_and_positive_images_by_type_of_finding(pixels_of):
    (protocol,) = choose_protocols(['center-hit'], pixels_of)
    annotations, found = three_patients().select(modality='SM'), predicted(*ROWS)
    result = evaluate_detections(found, annotations, protocol, bootstrap=50)
    assert [result.numbers[name].value for name in (ALL, POSITIVE)] == pytest.approx(FAUCS[pixels_of])
    groups = evaluate_subgroups(found, annotations, 'type', protocol, bootstrap=50)
    for name, expected in BY_TYPE[pixels_of].items():
        assert [groups[name].numbers[number].value for number in (ALL, POSITIVE)] == pytest.approx(expected)
        run = sample_run(found, annotations, protocol, 50, 0, findings={'type': name})
        assert [run[number].value for number in (ALL, POSITIVE)] == pytest.approx(expected)
        for number in (ALL, POSITIVE):
            assert groups[name].numbers[number].as_dict() == run[number].estimate().as_dict()


# 35 own pixels take the mass of p1 in and leave its calcification out, as 100 pixels of the FFDM do; 25 leave both out.
@pytest.mark.parametrize(('radius', 'expected'), [(35, FAUCS['FFDM']), (25, (0, 0)), (100, FAUCS['own'])])
def test_radius_of_a_hit(files, radius, expected):
    (protocol,) = choose_protocols(['center-hit'], hit_radius_px=radius)
    annotations = three_patients().select(modality='SM')
    result = evaluate_detections(predicted(*ROWS), annotations, protocol)
    assert [result.numbers[name].value for name in (ALL, POSITIVE)] == pytest.approx(expected)
    assert run_command(files, '--hit-radius-px', radius) == 0
    content = json.loads((files / 'out.json').read_text())
    assert content['settings']['hit_radius_px'] == {'center-hit': radius}
    assert content['results']['center-hit']['metrics'][ALL]['value'] == pytest.approx(expected[0])
    reading = Reading(name='test', target='center-hit', numbers=[ALL], hit_radius_px=radius)
    numbers = NUMBER_READERS['detections'].read(files / 'found.csv', annotations, reading, 5, 0)
    assert numbers[ALL].value == pytest.approx(expected[0])


def test_radius_is_refused_where_it_means_nothing():
    with pytest.raises(ValueError, match='mm3d measure none'):
        choose_protocols(['mm3d'], hit_radius_px=8)
    with pytest.raises(ValueError, match='at least 0 pixels, got -1'):
        choose_protocols(['center-hit'], hit_radius_px=-1)


def test_threshold_is_chosen_on_the_same_grid():
    annotations, found = three_patients().select(modality='SM'), predicted(*ROWS)
    own, ffdm = (choose_threshold(found, annotations, choose_protocols(['center-hit'], name)[0], 0.7) for name in FAUCS)
    assert (own, ffdm) == (0.5, 0.7)  # the third false positive in FFDM pixels is that of 0.6


@pytest.mark.parametrize('kind', [{'type': 'asymmetry'}, {'shape': 'round'}])
def test_findings_that_are_not_there_are_refused(kind):
    annotations = three_patients().select(modality='SM')
    with pytest.raises(ValueError, match="'mass'|type, size"):
        sample_run(predicted(*ROWS), annotations, 'center-hit', 10, 0, findings=kind)


@pytest.fixture(name='files')
def files_fixture(tmp_path):
    write_annotations(tmp_path / 'ann.json', three_patients())
    lines = ['PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score']
    lines += [f'{patient},s1,lcc,{x - 5},10,{y - 5},10,0,1,{score}' for patient, x, y, score in ROWS]
    (tmp_path / 'found.csv').write_text('\n'.join(lines) + '\n')
    return tmp_path


def run_command(files, *arguments):
    given = [files / 'found.csv', '--ann', files / 'ann.json', '--modality', 'SM', '--protocol', 'center-hit']
    return main([str(one) for one in (*given, '--bootstrap', 20, '--json', files / 'out.json', *arguments)])


@pytest.mark.parametrize('pixels_of', FAUCS)
def test_command_scores_on_a_grid_and_by_type(files, pixels_of, capsys):
    assert run_command(files, '--hit-pixels-of', pixels_of) == 0
    assert ('pixels of the FFDM image' in capsys.readouterr().out) == (pixels_of == 'FFDM')
    content = json.loads((files / 'out.json').read_text())
    assert content['settings']['hit_pixels_of'] == {'center-hit': pixels_of}
    metrics = content['results']['center-hit']['metrics']
    assert [metrics[name]['value'] for name in (ALL, POSITIVE)] == pytest.approx(FAUCS[pixels_of])
    assert all(0 <= metrics[name]['low'] <= metrics[name]['high'] <= 1 for name in (ALL, POSITIVE))
    assert run_command(files, '--hit-pixels-of', pixels_of, '--by', 'type') == 0
    results = json.loads((files / 'out.json').read_text())['results']
    for kind, expected in BY_TYPE[pixels_of].items():
        metrics = results[f'{kind}/center-hit']['metrics']
        assert [metrics[name]['value'] for name in (ALL, POSITIVE)] == pytest.approx(expected)
        assert all(metrics[name]['low'] is not None for name in (ALL, POSITIVE))


def test_command_refuses_in_a_sentence(files, capsys):
    assert run_command(files, '--hit-pixels-of', 'DBT') == 2
    assert capsys.readouterr().err.startswith('error: distances are to be measured in DBT pixels')


@pytest.mark.parametrize('pixels_of', FAUCS)
def test_reading_of_a_study_names_grid_and_kind_of_findings(files, pixels_of):
    annotations = read_annotations(files / 'ann.json')
    for kind, expected in {'': FAUCS[pixels_of], **BY_TYPE[pixels_of]}.items():
        reading = Reading(
            name='test',
            target='center-hit',
            numbers=[ALL, POSITIVE],
            images=ImageChoice(modality='SM'),
            findings={'type': kind} if kind else {},
            hit_pixels_of=pixels_of,
        )
        chosen = reading.images.of(annotations)
        numbers = NUMBER_READERS['detections'].read(files / 'found.csv', chosen, reading, 20, 0)
        assert [numbers[name].value for name in reading.numbers] == pytest.approx(expected)
        assert all(len(numbers[name].replicates) == 20 for name in reading.numbers)


def test_reading_of_labels_has_no_findings():
    with pytest.raises(ValueError, match='findings is for readings of detections, not of labels'):
        Reading(name='test', target='malignant', numbers=['auc'], reader='labels', findings={'type': 'mass'})
