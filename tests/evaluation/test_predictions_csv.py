from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.evaluation import (
    ImageKey,
    ImagePredictions,
    PredictionsError,
    gather_predictions,
    read_predictions,
    write_predictions,
)

HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score'
GOOD = 'p1,s1,lcc,10,40,20,50,3,1,0.5'


@pytest.fixture(name='csv_file')
def csv_file_fixture(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / 'predictions.csv'
        path.write_text('\n'.join([header, *lines]) + '\n')
        return path

    return write


def test_columns_mean_top_left_corner_size_and_first_slice(csv_file):
    predictions = read_predictions(csv_file('DBT-P1,DBT-S1,LCC2,10,40,20,50,3,4,0.5'))
    assert predictions.images == (ImageKey('DBT-P1', 'DBT-S1', 'lcc2'),)
    assert predictions.boxes_xywh.tolist() == [[10, 20, 40, 50]]
    assert (predictions.z[0], predictions.depth[0], predictions.scores[0]) == (3, 4, 0.5)
    assert predictions.slices[0] == 5
    assert predictions.image_scores is None


def test_columns_may_come_in_any_order_with_others_between(csv_file):
    path = csv_file('0.5,x,p1,s1,lcc,10,40,20,50,3,1', header=f'Score,Comment,{HEADER.removesuffix(",Score")}')
    assert read_predictions(path).scores.tolist() == [0.5]


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=50, deadline=None)
@given(
    corner=st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2),
    size=st.lists(st.floats(0, 1e4), min_size=2, max_size=2),
    score=finite,
    image_score=st.floats(0, 1),
)
def test_round_trip_is_exact(tmp_path_factory, corner, size, score, image_score):
    box = np.asarray([[*corner, corner[0] + size[0], corner[1] + size[1]]])
    part = ImagePredictions(ImageKey('p', 's', 'lcc'), box, np.asarray([7]), np.asarray([score]), image_score)
    before = gather_predictions([part])
    path = tmp_path_factory.mktemp('csv') / 'predictions.csv'
    write_predictions(path, before)
    after = read_predictions(path)
    assert after.images == before.images
    for name in ('image_index', 'boxes_xywh', 'z', 'depth', 'scores', 'image_scores'):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_written_columns_are_those_of_dbtex(tmp_path):
    part = ImagePredictions(ImageKey('p', 's', 'rmlo'), [[1.5, 2, 11.5, 22]], [4], [0.25], 0.75)
    write_predictions(tmp_path / 'new' / 'out.csv', gather_predictions([part]))
    lines = (tmp_path / 'new' / 'out.csv').read_text().splitlines()
    assert lines == [f'{HEADER},ImageScore', 'p,s,rmlo,1.5,10,2,20,4,1,0.25,0.75']
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['out.csv']


@pytest.mark.parametrize('content', ['', HEADER + '\n', HEADER + ',ImageScore\n'])
def test_file_without_rows_is_valid(tmp_path, content):
    path = tmp_path / 'empty.csv'
    path.write_text(content)
    assert len(read_predictions(path)) == 0


def test_image_without_boxes_keeps_its_score_in_a_row_without_box(tmp_path):
    nothing = np.zeros((0, 4)), np.zeros(0), np.zeros(0)
    parts = [
        ImagePredictions(ImageKey('p', 's', 'lcc'), *nothing, 0.75),
        ImagePredictions(ImageKey('p', 's', 'lmlo'), [[1, 2, 11, 22]], [4], [0.25], 0.5),
        ImagePredictions(ImageKey('p', 's', 'rcc'), *nothing, 0.125),
    ]
    predictions = gather_predictions(parts)
    write_predictions(tmp_path / 'out.csv', predictions)
    rows = (tmp_path / 'out.csv').read_text().splitlines()[1:]
    assert rows == ['p,s,lcc,,,,,,,,0.75', 'p,s,lmlo,1,10,2,20,4,1,0.25,0.5', 'p,s,rcc,,,,,,,,0.125']
    after = read_predictions(tmp_path / 'out.csv')
    assert (after.images, len(after)) == (predictions.images, 1)
    assert after.image_scores.tolist() == [0.75, 0.5, 0.125]
    write_predictions(tmp_path / 'challenge.csv', after, boxes_only=True)
    assert (tmp_path / 'challenge.csv').read_text().splitlines() == [HEADER, 'p,s,lmlo,1,10,2,20,4,1,0.25']


def test_image_without_boxes_and_score_leaves_no_row():
    predictions = gather_predictions(
        [ImagePredictions(ImageKey('p', 's', 'lcc'), np.zeros((0, 4)), np.zeros(0), np.zeros(0))]
    )
    assert (predictions.images, len(predictions)) == ((), 0)


def noted(patient, score, note=''):
    box = [[1, 1, 5, 5]] if score else np.zeros((0, 4))
    return ImagePredictions(ImageKey(patient, 's1', 'lcc'), box, [0] * len(box), [score] * len(box), 0.5, note)


def test_notes_of_images_come_back(tmp_path):
    predictions = gather_predictions(
        [noted('p1', 0.5, 'from two, "views"'), noted('p2', 0, 'from one'), noted('p3', 0.4)]
    )
    write_predictions(tmp_path / 'found.csv', predictions)
    assert (tmp_path / 'found.csv').read_text().splitlines()[0] == f'{HEADER},ImageScore,ImageNote'
    back = read_predictions(tmp_path / 'found.csv')
    assert back.image_notes == predictions.image_notes == ('from two, "views"', 'from one', '')
    assert back.keep_images(np.array([False, True, True])).image_notes == ('from one', '')
    write_predictions(tmp_path / 'boxes.csv', predictions, boxes_only=True)
    assert (tmp_path / 'boxes.csv').read_text().splitlines()[0] == HEADER


def test_without_notes_there_is_no_column(tmp_path):
    predictions = gather_predictions([noted('p1', 0.5)])
    write_predictions(tmp_path / 'found.csv', predictions)
    assert predictions.image_notes is None and 'ImageNote' not in (tmp_path / 'found.csv').read_text()


def test_an_image_has_one_note(csv_file):
    rows = (f'{GOOD},from one', f'{GOOD.replace("0.5", "0.4")},from two')
    with pytest.raises(PredictionsError, match="line 3: ImageNote differs .*: 'from two'"):
        read_predictions(csv_file(*rows, header=f'{HEADER},ImageNote'))


def test_boxes_without_area_are_left_out_and_counted():
    boxes = [[0, 5, 0, 9], [1, 2, 3, 4], [7, 8, 9, 8]]
    part = ImagePredictions(ImageKey('p', 's', 'lcc'), boxes, [0, 0, 0], [0.9, 0.8, 0.7], 0.5)
    predictions = gather_predictions([part])
    assert predictions.scores.tolist() == [0.8]
    assert predictions.dropped == {'box without area': 2}
    alone = gather_predictions([ImagePredictions(part.key, boxes[:1], [0], [0.9], 0.5)])
    assert (len(alone), alone.image_scores.tolist()) == (0, [0.5])


BAD_ROWS = {
    'p1,s1,lcc,10,40,20,50,3,1,nan': 'Score is not finite: nan',
    'p1,s1,lcc,10,40,20,50,3,1,-inf': 'Score is not finite: -inf',
    'p1,s1,lcc,10,40,20,50,3,1,high': "Score is no number: 'high'",
    'p1,s1,lcc,10,40,20,50,,1,0.5': "Z is no number: ''",
    'p1,s1,lcc,10,-40,20,50,3,1,0.5': 'Width is negative: -40.0',
    'p1,s1,lcc,10,40,20,-1,3,1,0.5': 'Height is negative: -1.0',
    'p1,s1,lcc,10,40,20,50,3,-1,0.5': 'Depth is negative: -1.0',
    'p1,,lcc,10,40,20,50,3,1,0.5': 'PatientID, StudyUID or View is blank',
    'p1,s1,lcc,10,40,20,50,3,1': 'number of cells is not the 10 of the header: 9',
    'p1,s1,lcc,10,40,20,50,3,1,0.5,9': 'number of cells is not the 10 of the header: 11',
    GOOD: 'row repeats an earlier row: score 0.5',
}


@pytest.mark.parametrize(('row', 'reason'), BAD_ROWS.items(), ids=BAD_ROWS.values())
def test_unusable_row_is_refused_by_line_and_reason(csv_file, row, reason):
    path = csv_file(GOOD, '', row)
    with pytest.raises(PredictionsError) as error:
        read_predictions(path)
    assert f'{path}, line 4: {reason}' in str(error.value)
    assert '1 unusable rows in all' in str(error.value)


@pytest.mark.parametrize(('row', 'reason'), BAD_ROWS.items(), ids=BAD_ROWS.values())
def test_lenient_reading_counts_unusable_row_once(csv_file, row, reason):
    predictions = read_predictions(csv_file(GOOD, row), lenient=True)
    assert len(predictions) == 1
    assert predictions.dropped == {reason.split(':')[0]: 1}


IMAGE_HEADER = f'{HEADER},ImageScore'


@pytest.mark.parametrize(
    ('value', 'reason'),
    [('', "ImageScore is no number: ''"), ('1.5', 'ImageScore is not between 0 and 1: 1.5')]
    + [('0.3', 'ImageScore differs from that of the first row of the image: 0.3')],
)
def test_image_score_must_be_one_probability_an_image(csv_file, value, reason):
    path = csv_file(f'{GOOD},0.2', f'p1,s1,lcc,11,40,20,50,3,1,0.4,{value}', header=IMAGE_HEADER)
    with pytest.raises(PredictionsError) as error:
        read_predictions(path)
    assert f'line 3: {reason}' in str(error.value)
    assert read_predictions(path, lenient=True).image_scores.tolist() == [0.2]


@pytest.mark.parametrize(
    ('row', 'reason'),
    {
        'p1,s1,lcc,,,,,,,,0.2': 'row has no box, and another row of the image has one: p1/s1/lcc',
        'p2,s1,lcc,,,,,,,,': "ImageScore is no number: ''",
        'p2,s1,lcc,,,,,,,,1.5': 'ImageScore is not between 0 and 1: 1.5',
        'p2,s1,lcc,,,,,,,0.5,0.2': "X is no number: ''",
        'p3,s1,lcc,,,,,,,,0.3': 'row repeats an earlier row',
    }.items(),
)
def test_row_without_box_is_refused_where_it_contradicts(csv_file, row, reason):
    path = csv_file(f'{GOOD},0.2', 'p3,s1,lcc,,,,,,,,0.3', row, header=IMAGE_HEADER)
    with pytest.raises(PredictionsError) as error:
        read_predictions(path)
    assert f'line 4: {reason}' in str(error.value)
    assert len(read_predictions(path, lenient=True).images) == 2


def test_missing_columns_are_named_even_when_lenient(csv_file):
    path = csv_file('p1,s1,lcc', header='PatientID,StudyUID,View')
    with pytest.raises(PredictionsError, match='lacks the columns X, Width, Y, Height, Z, Depth, Score'):
        read_predictions(path, lenient=True)


def test_repeated_column_is_refused(csv_file):
    with pytest.raises(PredictionsError, match="column 'Score' twice"):
        read_predictions(csv_file(f'{GOOD},1', header=f'{HEADER},Score'))


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / 'predictions.csv'
    path.write_bytes(b'\xff\xd8\xff\xe0' * 10)
    with pytest.raises(PredictionsError, match='is no CSV text file'):
        read_predictions(path)


def test_equal_boxes_of_a_model_are_merged_and_counted():
    part = ImagePredictions(ImageKey('p', 's', 'lcc'), [[0, 0, 4, 4]] * 3, [1, 1, 2], [0.5, 0.5, 0.5])
    predictions = gather_predictions([part])
    assert (len(predictions), predictions.merged_duplicates) == (2, 1)


def test_boxes_of_a_file_without_area_are_left_out_and_counted(tmp_path):
    path = tmp_path / 'p.csv'
    boxes = ['p1,s1,lcc,10,0,20,5,3,1,0.9', 'p1,s1,lcc,10,4,20,5,3,1,0.5', 'p2,s2,lcc,10,4,20,0,3,1,0.7']
    path.write_text('\n'.join([HEADER, *boxes]))
    predictions = read_predictions(path)
    assert predictions.scores.tolist() == [0.5] and predictions.dropped == {'box without area': 2}
    assert predictions.lines.tolist() == [3]


def test_invalid_model_output_names_the_image():
    part = ImagePredictions(ImageKey('p', 's', 'lcc'), [[9, 0, 4, 4]], [1], [0.5])
    with pytest.raises(PredictionsError, match='image p/s/lcc has an unusable prediction: Width is negative: -5.0'):
        gather_predictions([part])


def test_image_given_twice_is_refused():
    part = ImagePredictions(ImageKey('p', 's', 'lcc'), [[0, 0, 4, 4]], [1], [0.5])
    with pytest.raises(PredictionsError, match='p/s/lcc has predictions twice'):
        gather_predictions([part, part])


def test_image_score_for_some_images_only_is_refused():
    parts = [
        ImagePredictions(ImageKey('p', 's', v), [[0, 0, 4, 4]], [1], [0.5], s) for v, s in (('lcc', 0.1), ('rcc', None))
    ]
    with pytest.raises(PredictionsError, match='p/s/rcc has no image score but others have'):
        gather_predictions(parts)


class TestMatchedLesions:
    """Which findings of a breast are one lesion, in a column of its own."""

    def write(self, tmp_path, lesions):
        boxes, scores = np.array([[1.0, 2, 3, 4], [5.0, 6, 9, 9]]), np.array([0.5, 0.25])
        parts = [
            ImagePredictions(ImageKey('p', 's', 'lcc'), boxes, np.zeros(2), scores, 0.5, lesions=lesions),
            ImagePredictions(ImageKey('p', 's', 'lmlo'), boxes[:0], np.zeros(0), scores[:0], 0.1),
        ]
        write_predictions(tmp_path / 'found.csv', gather_predictions(parts))
        return tmp_path / 'found.csv'

    def test_numbers_come_back_and_nothing_is_empty(self, tmp_path):
        path = self.write(tmp_path, np.array([0, 3]))
        assert path.read_text().splitlines() == [
            'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score,ImageScore,MatchedLesion',
            'p,s,lcc,1,2,2,2,0,1,0.5,0.5,',
            'p,s,lcc,5,4,6,3,0,1,0.25,0.5,3',
            'p,s,lmlo,,,,,,,,0.1,',
        ]
        assert read_predictions(path).lesions.tolist() == [0, 3]
        assert read_predictions(path).keep(np.array([False, True])).lesions.tolist() == [3]

    def test_models_that_do_not_match_have_no_such_column(self, tmp_path):
        path = self.write(tmp_path, None)
        assert 'MatchedLesion' not in path.read_text() and read_predictions(path).lesions is None

    def test_challenge_has_no_such_column(self, tmp_path):
        write_predictions(tmp_path / 'x.csv', read_predictions(self.write(tmp_path, np.array([0, 3]))), boxes_only=True)
        assert (tmp_path / 'x.csv').read_text().splitlines()[0].endswith('Depth,Score')

    @pytest.mark.parametrize('text', ['0', '-1', '1.5', 'A', '9' * 30])
    def test_other_text_is_refused_by_line(self, tmp_path, text):
        path = self.write(tmp_path, np.array([0, 3]))
        path.write_text(path.read_text().replace('0.25,0.5,3', f'0.25,0.5,{text}'))
        with pytest.raises(PredictionsError, match='line 3.*MatchedLesion is no whole number from 1 on'):
            read_predictions(path)
        assert read_predictions(path, lenient=True).lesions.tolist() == [0]
