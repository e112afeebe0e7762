"""BI-RADS assessments and densities in the spellings of the releases."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters.birads_labels import (
    birads_category,
    most_suspicious_birads,
    read_birads,
    read_density,
)


@pytest.mark.parametrize(
    ('text', 'birads', 'category'),
    [('BI-RADS 4', '4', 4), ('4a', '4A', 4), (' 4C ', '4C', 4), ('2.0', '2', 2), ('BIRADS 0', '0', 0), ('6', '6', 6)],
)
def test_assessment_is_read_in_every_spelling(text, birads, category):
    assert read_birads(text) == birads and birads_category(birads) == category


@pytest.mark.parametrize('text', ['', '7', '4D', '5A', '-1', '4.5', 'BI-RADS', '12'])
def test_text_that_is_no_assessment_is_refused(text):
    with pytest.raises(ValueError, match='is none of 0 to 6, 4A, 4B, 4C'):
        read_birads(text)


@pytest.mark.parametrize(
    ('assessments', 'most_suspicious'),
    [(['1', '0', '3'], '0'), (['0', '4'], '4'), (['4', '4C', '4A'], '4C'), (['6', '5'], '6'), (['1', '2'], '2')],
)
def test_recall_weighs_more_than_waiting_and_less_than_biopsy(assessments, most_suspicious):
    assert most_suspicious_birads(assessments) == most_suspicious
    assert most_suspicious_birads([]) is None


@pytest.mark.parametrize(
    ('text', 'density'), [('DENSITY C', 'C'), ('b', 'B'), ('4', 'D'), ('1.0', 'A'), ('ACR 2', 'B')]
)
def test_density_is_read_in_every_spelling(text, density):
    assert read_density(text) == density


@pytest.mark.parametrize('text', ['', 'E', '5', '0', '1.5', 'DENSITY'])
def test_text_that_is_no_density_is_refused(text):
    with pytest.raises(ValueError, match='is none of A to D or 1 to 4'):
        read_density(text)
