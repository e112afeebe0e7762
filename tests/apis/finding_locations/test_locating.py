"""Locations of findings from images, whichever way these are stored, and on disk."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.apis.finding_locations import LocatedFindings, locate_findings, locate_table, read_locations
from mammo_plugins.apis.found_images import find_images
from mammo_plugins.evaluation import ImagePredictions, PredictionsError, gather_predictions, read_predictions
from mammo_plugins.evaluation.image_names import image_keys
from mammo_plugins.evaluation.predictions_csv import write_predictions
from tests.io.dicom_builder import mammogram, save

WIDTH, HEIGHT = 60, 80
SPACING = {'ImagerPixelSpacing': [1.0, 1.0], 'EstimatedRadiographicMagnificationFactor': 1.0}


def breast(mirrored=False, turned=False):
    """A half disc whose nipple lies at (40, 40) of an upright left CC image."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.where((x / 40) ** 2 + ((y - 40) / 35) ** 2 < 1, 2000, 0).astype(np.uint16)
    pixels = pixels[:, ::-1] if mirrored else pixels
    return pixels[::-1, ::-1] if turned else pixels


def found_in(folder, *boxes, lesions=None):
    """Images of a folder, and the same boxes in each of them."""
    images = find_images(folder).annotations
    parts = [
        ImagePredictions(
            key, np.array(boxes, float), np.zeros(len(boxes)), np.linspace(0.9, 0.1, len(boxes)), 0.5, '', lesions
        )
        for key in image_keys(images.images)
    ]
    return images, gather_predictions(parts)


def box_at(x, y):
    return (x - 2, y - 2, x + 2, y + 2)


@pytest.mark.parametrize(
    ('elements', 'stored', 'place'),
    [
        ({}, {}, (20, 25)),
        ({'ImageLaterality': 'R', 'PatientOrientation': ['P', 'L']}, {'mirrored': True}, (WIDTH - 20, 25)),
        ({'PatientOrientation': ['P', 'L']}, {'turned': True}, (WIDTH - 20, HEIGHT - 25)),
    ],
    ids=['upright left', 'right', 'turned left'],
)
def test_location_does_not_depend_on_how_an_image_is_stored(elements, stored, place, tmp_path):
    save(mammogram(breast(**stored), **SPACING, **elements), tmp_path / 'a.dcm')
    images, findings = found_in(tmp_path, box_at(*place))
    (location,) = locate_findings(images, findings)
    assert (location.part, location.depth) == ('outer', 'middle')
    assert location.nipple_mm == pytest.approx(np.hypot(20, 15), abs=1.5)


def test_lesion_of_both_views_gets_its_quadrant(tmp_path):
    for position in ('CC', 'MLO'):
        save(mammogram(breast(), ViewPosition=position, **SPACING), tmp_path / f'{position}.dcm')
    images, findings = found_in(tmp_path, box_at(20, 20), box_at(20, 60), lesions=np.array([1, 0]))
    words = [location.words for location in locate_findings(images, findings)]
    assert ['upper outer quadrant' in text for text in words] == [True, False, True, False]


def test_image_without_a_breast_has_no_locations(tmp_path):
    save(mammogram(breast(), **SPACING), tmp_path / 'a.dcm')
    images, findings = found_in(tmp_path, box_at(20, 20))
    save(mammogram(np.zeros((HEIGHT, WIDTH), np.uint16), **SPACING), tmp_path / 'a.dcm')
    assert locate_findings(images, findings) == [None]


def test_table_is_read_back_and_belongs_to_its_findings(tmp_path):
    save(mammogram(breast(), **SPACING), tmp_path / 'in' / 'a.dcm')
    images, findings = found_in(tmp_path / 'in', box_at(20, 25), box_at(10, 55))
    write_predictions(tmp_path / 'predictions.csv', findings)
    located = locate_table(tmp_path / 'predictions.csv', images)
    table = read_predictions(tmp_path / 'predictions.csv')
    again = read_locations(tmp_path / 'locations.csv', table)
    assert [location.words for location in again] == [location.words for location in located.locations]
    with pytest.raises(PredictionsError, match='is of other findings than .*delete it'):
        read_locations(tmp_path / 'locations.csv', table.keep(np.array([True, False])))


def test_words_are_looked_up_by_place(tmp_path):
    save(mammogram(breast(), **SPACING), tmp_path / 'a.dcm')
    images, findings = found_in(tmp_path, box_at(20, 25))
    located = LocatedFindings(findings, locate_findings(images, findings))
    (image,) = images.images
    assert located.words(image, box_at(20, 25), 0).startswith('left breast, outer part (CC), middle depth')
    assert located.words(image, box_at(20, 25), 1) == '' == located.words(image, box_at(21, 25), 0)
