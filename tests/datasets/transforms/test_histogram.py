from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from mammo_plugins.apis.mean_histogram import write_mean_histogram
from mammo_plugins.commands.mean_histogram import main
from mammo_plugins.datasets.grey_values import WHITE, to_grey_values
from mammo_plugins.datasets.transforms import MatchHistogram, breast_histogram, mean_histogram
from mammo_plugins.datasets.transforms.histogram import NUM_BINS
from mammo_plugins.io import AnnotationSet, ImageRecord, write_annotations


def breast(seed=0, gamma=1.0, size=(60, 50)):
    """A breast of random grey values on the left of a dark image."""
    img = np.zeros((1, *size), np.float32)
    img[:, 5:-5, :30] = 0.2 + 0.7 * np.random.default_rng(seed).random((size[0] - 10, 30)) ** gamma
    return to_grey_values(img)


@pytest.fixture
def write_reference(tmp_path):
    def write(histogram):
        path = tmp_path / 'reference.json'
        path.write_text(json.dumps({'histogram': np.asarray(histogram).tolist()}))
        return path

    return write


def test_histogram_counts_the_breast_alone():
    histogram = breast_histogram(breast())
    assert histogram.sum() == pytest.approx(1)
    assert histogram[: int(0.19 * NUM_BINS)].sum() == 0  # the background
    assert breast_histogram(np.zeros((1, 8, 8), np.uint16)).sum() == 0


def test_mean_counts_every_image_alike():
    small, large = breast(0, size=(40, 50)), breast(1, gamma=3, size=(90, 50))
    mean, count = mean_histogram([small, large])
    np.testing.assert_allclose(mean, (breast_histogram(small) + breast_histogram(large)) / 2)
    assert count == 2
    with pytest.raises(ValueError, match='at least one image'):
        mean_histogram([])


def test_matched_image_has_the_quantiles_of_the_reference(write_reference):
    reference, img = breast(1, gamma=3), breast(2)
    matched = MatchHistogram(write_reference(breast_histogram(reference)))(dict(img=img))['img']
    inside = img > 0.1 * WHITE
    shares = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(
        np.quantile(matched[inside], shares), np.quantile(reference[reference > 0.1 * WHITE], shares), atol=0.02 * WHITE
    )
    assert matched.dtype == np.uint16 and (matched[~inside] == img[~inside]).all()


def test_order_of_brightness_is_kept(write_reference):
    img = breast(2)
    matched = MatchHistogram(write_reference(breast_histogram(breast(1, gamma=3))))(dict(img=img))['img']
    inside = img > 0.1 * WHITE
    order = np.argsort(img[inside])
    assert (np.diff(matched[inside][order].astype(int)) >= 0).all()


def test_own_histogram_changes_nothing(write_reference):
    img = breast(3)
    matched = MatchHistogram(write_reference(breast_histogram(img)))(dict(img=img))['img']
    np.testing.assert_allclose(matched, img, atol=WHITE / NUM_BINS)


def test_image_without_breast_stays(write_reference):
    img = np.zeros((1, 8, 8), np.uint16)
    assert MatchHistogram(write_reference(breast_histogram(breast())))(dict(img=img))['img'] is img


def test_missing_reference_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'python tools/mean_histogram.py ffdm.json .*nowhere.json'):
        MatchHistogram(tmp_path / 'nowhere.json')


@pytest.mark.parametrize('content', ['{', '{}', '[1]', '{"histogram": [1, 2]}', '{"histogram": "abc"}'])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / 'other.json'
    path.write_text(content)
    with pytest.raises(ValueError, match='other.json: no histogram of'):
        MatchHistogram(path)


@pytest.fixture
def release(tmp_path):
    """Two FFDM of the training split and one of the test split as 16-bit PNG."""
    records = []
    for number, split in enumerate(('train', 'train', 'test')):
        assert cv2.imwrite(str(tmp_path / f'{number}.png'), breast(number)[0])
        records.append(ImageRecord(number, f'{number}.png', 50, 60, 1, f'p{number}', 's1', 'L-CC', 'FFDM', split=split))
    write_annotations(tmp_path / 'ann.json', AnnotationSet(records, [], {'root': ''}))
    return tmp_path


def test_command_averages_the_training_images(release, capsys):
    out = release / 'new' / 'histogram.json'
    assert main([str(release / 'ann.json'), str(out)]) == 0
    assert 'mean histogram of 2 images' in capsys.readouterr().out
    content = json.loads(out.read_text())
    assert (content['images'], content['split'], content['modality']) == (2, 'train', 'FFDM')
    expected, _ = mean_histogram([breast(0), breast(1)])
    assert np.abs(np.cumsum(content['histogram']) - np.cumsum(expected)).max() < 0.02
    assert MatchHistogram(out)(dict(img=breast(4)))['img'].dtype == np.uint16


def test_command_names_an_empty_selection(release, capsys):
    assert main([str(release / 'ann.json'), str(release / 'h.json'), '--modality', 'DBT']) == 2
    assert "no image of modality='DBT', split='train'" in capsys.readouterr().err
    assert not (release / 'h.json').exists()


def test_limit_takes_the_first_images(release):
    assert write_mean_histogram(release / 'ann.json', release / 'h.json', limit=1) == 1
