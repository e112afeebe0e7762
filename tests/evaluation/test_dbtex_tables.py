"""The challenge's own tables: the same numbers as by its rule, and as by a converted release."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.commands.evaluate import main
from mammo_plugins.datasets.converters import convert_bcs_dbt
from mammo_plugins.evaluation import evaluate_detections, exchange_frames, read_predictions
from mammo_plugins.io import read_dbtex_tables, write_annotations
from tests.datasets.converters.bcs_dbt_release import HEIGHT, SLICES, WIDTH, BcsDbtRelease
from tests.references.dbtex_challenge import dbtex_sensitivities

LABELS_HEADER = 'PatientID,StudyUID,View,Normal,Actionable,Benign,Cancer'
BOXES_HEADER = 'PatientID,StudyUID,View,Subject,Slice,X,Y,Width,Height,Class,AD,VolumeSlices'
HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score'
LABELS = ('p1,s1,lcc,0,0,0,1', 'p1,s1,rmlo2,0,0,1,0', 'p2,s1,lcc,1,0,0,0', 'p3,s1,lcc,0,1,0,0')
BOXES = ('p1,s1,lcc,1,20.0,480,480,40,40,cancer,0,40.0', 'p1,s1,rmlo2,1,5,100,100,60,20,benign,1,60')


@pytest.fixture
def tables(tmp_path):
    def write(labels=LABELS, boxes=BOXES, labels_header=LABELS_HEADER, boxes_header=BOXES_HEADER):
        for name, header, rows in (('labels', labels_header, labels), ('boxes', boxes_header, boxes)):
            (tmp_path / f'{name}.csv').write_text('\n'.join([header, *rows]) + '\n')
        return tmp_path / 'labels.csv', tmp_path / 'boxes.csv'

    return write


def test_tables_give_volumes_labels_and_findings(tables):
    truth = read_dbtex_tables(*tables())
    assert [image.labels['malignant'] for image in truth.images] == [1, 0, 0, 0]
    assert [image.num_slices for image in truth.images] == [40, 60, 0, 0]
    assert [image.view for image in truth.images] == ['L-CC', 'R-MLO', 'L-CC', 'L-CC']
    first, second = truth.findings
    assert (first.bbox_xywh, first.slice_index, first.category) == ((480, 480, 40, 40), 20, 'malignant')
    assert (second.category, second.attributes['type']) == ('benign', 'distortion')


VOLUMES = {('p1', 's1', 'lcc'): 40, ('p1', 's1', 'rmlo2'): 60, ('p2', 's1', 'lcc'): 40, ('p3', 's1', 'lcc'): 40}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(VOLUMES)), st.sampled_from([80, 460, 480, 570]), st.sampled_from([80, 460, 480]),
        st.sampled_from([0, 5, 18, 30]), st.sampled_from([1, 2, 7]), st.integers(1, 9).map(lambda v: v / 8),
    ),
    max_size=25, unique=True,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_numbers_are_those_of_the_challenge(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp('dbtex')
    for name, header, lines in (('labels', LABELS_HEADER, LABELS), ('boxes', BOXES_HEADER, BOXES)):
        (folder / f'{name}.csv').write_text('\n'.join([header, *lines]) + '\n')
    lines = [f'{",".join(key)},{x},40,{y},40,{z},{depth},{score}' for key, x, y, z, depth, score in rows]
    (folder / 'predictions.csv').write_text('\n'.join([HEADER, *lines]) + '\n')
    truth = read_dbtex_tables(folder / 'labels.csv', folder / 'boxes.csv')
    result = evaluate_detections(read_predictions(folder / 'predictions.csv'), truth, 'dbtex')
    boxes = [(('p1', 's1', 'lcc'), 480, 480, 40, 40, 20), (('p1', 's1', 'rmlo2'), 100, 100, 60, 20, 5)]
    expected = dbtex_sensitivities(
        VOLUMES, boxes, [(key, x, y, 40, 40, z, depth, score) for key, x, y, z, depth, score in rows]
    )
    for name, number in result.numbers.items():
        np.testing.assert_allclose(number.value, expected[name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'labels': ('p1,s1,lcc,0,0,1,1',)}, 'labels.csv line 2: .*0/0/1/1, not one-hot'),
        ({'labels': ('p1,s1,lcc,0,0,no,1',)}, "labels.csv line 2: Benign 'no' is not a number"),
        ({'labels': (*LABELS, LABELS[0])}, 'labels.csv line 6: p1 s1 lcc has a row already'),
        ({'labels': ('p1,s1,front,0,0,0,1',)}, 'labels.csv line 2: .*front'),
        ({'labels': LABELS[1:]}, 'boxes.csv line 2: p1 s1 lcc is not in labels.csv'),
        ({'boxes': ('p1,s1,lcc,1,20,480,480,40,40,cancer,0,',)}, "boxes.csv line 2: VolumeSlices '' is not a number"),
        ({'boxes': ('p1,s1,lcc,1,40,480,480,40,40,cancer,0,40',)}, 'boxes.csv line 2: Slice 40 is outside 0 to 39'),
        (
            {'boxes': (*BOXES, 'p1,s1,lcc,1,3,1,1,4,4,cancer,0,41')},
            'line 4: VolumeSlices is 41; an earlier box says 40',
        ),
        ({'boxes': ('p1,s1,lcc,1,20,480,480,0,40,cancer,0,40',)}, 'Width and Height are 0 and 40'),
        ({'boxes': ('p1,s1,lcc,1,20,480,480,40,40,mass,0,40',)}, "Class 'mass' is none of cancer, benign"),
        ({'boxes': ('p1,s1,lcc,1,20,480,480,40,40',)}, 'boxes.csv line 2: has 9 fields, the header has 12'),
        (
            {'labels_header': 'PatientID,StudyUID,View,Normal'},
            'labels.csv: misses the columns Actionable, Benign, Cancer',
        ),
    ],
)
def test_unusable_rows_are_refused_by_line(tables, change, message):
    with pytest.raises(ValueError, match=message):
        read_dbtex_tables(*tables(**change))


def test_command_scores_straight_from_the_tables(tables, tmp_path, capsys):
    labels, boxes = map(str, tables())
    (tmp_path / 'predictions.csv').write_text(f'{HEADER}\np1,s1,lcc,480,40,480,40,20,1,0.9\n')
    arguments = [str(tmp_path / 'predictions.csv'), '--dbtex-labels', labels, '--dbtex-boxes', boxes]
    assert main([*arguments, '--bootstrap', '20']) == 0
    screen = capsys.readouterr().out
    assert 'mean_sensitivity_positive' in screen and 'dbtex: 1 of 2 findings hit' in screen
    assert main([*arguments, '--split', 'test']) == 2
    assert 'leave --split and --modality out' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'give the truth: --ann JSON, or --dbtex-labels CSV and --dbtex-boxes CSV'),
        (['--dbtex-labels', 'l.csv'], '--dbtex-labels and --dbtex-boxes go together'),
        (['--ann', 'a.json', '--dbtex-labels', 'l.csv', '--dbtex-boxes', 'b.csv'], 'stand in place of --ann'),
        (['--dbtex-labels', 'l.csv', '--dbtex-boxes', 'b.csv', '--release-frame'], 'leave --release-frame out'),
    ],
)
def test_contradicting_sources_of_the_truth_are_refused(capsys, arguments, message):
    with pytest.raises(SystemExit):
        main(['predictions.csv', *arguments])
    assert message in capsys.readouterr().err


@pytest.fixture
def converted(tmp_path):
    """A release with a volume that is stored turned: annotation file, and the tables' own frame."""
    release = BcsDbtRelease(tmp_path / 'BCS-DBT')
    release.add(1, 'lcc', 'cancer', 'test', rotated=True)
    release.add(2, 'lcc', 'cancer', 'test')
    release.add(3, 'rcc', 'normal', 'test')
    for patient in (1, 2):
        release.add_box(patient, box=(2, 4, 5, 6), split='test')
    annotations = convert_bcs_dbt(release.write(), show_progress=False)
    assert [image.rotated_180 for image in annotations.images] == [True, False, False]
    write_annotations(tmp_path / 'ann.json', annotations)
    return release.folder, annotations, tmp_path / 'ann.json'


def test_turned_volumes_score_alike_in_both_frames(converted, tmp_path, capsys):
    folder, annotations, ann_file = converted
    rows = [f'DBT-P0000{patient},DBT-S0000{patient},lcc,2,5,4,6,1,1,0.{patient}' for patient in (1, 2)]
    (tmp_path / 'release.csv').write_text('\n'.join([HEADER, *rows]) + '\n')
    released = read_predictions(tmp_path / 'release.csv')
    stored = exchange_frames(released, annotations)
    assert stored.boxes_xywh.tolist() == [[WIDTH - 2 - 5, HEIGHT - 4 - 6, 5, 6], [2, 4, 5, 6]]
    np.testing.assert_array_equal(exchange_frames(stored, annotations).boxes_xywh, released.boxes_xywh)
    np.testing.assert_array_equal(stored.z, released.z)
    scored = evaluate_detections(stored, annotations, 'mm3d')
    assert scored.counts['findings_hit'] == 2
    assert evaluate_detections(released, annotations, 'mm3d').counts['findings_hit'] == 1
    assert main([str(tmp_path / 'release.csv'), '--ann', str(ann_file), '--release-frame', '--protocol', 'mm3d']) == 0
    assert 'mm3d: 2 of 2 findings hit' in capsys.readouterr().out
    labels, boxes = (next(folder.glob(f'BCS-DBT-{kind}-test*.csv')) for kind in ('labels', 'boxes'))
    from_tables = read_dbtex_tables(labels, boxes)
    assert [image.num_slices for image in from_tables.images] == [SLICES, SLICES, 0]
    assert evaluate_detections(released, from_tables, 'mm3d').counts['findings_hit'] == 2


def test_no_prediction_has_no_frame(converted, build_predictions):
    assert len(exchange_frames(build_predictions([]), converted[1])) == 0
