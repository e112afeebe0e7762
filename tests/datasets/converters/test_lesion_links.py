"""Which findings of two views are linked: cases worked by hand."""

from __future__ import annotations

import pytest

from mammo_plugins.datasets.converters.lesion_links import SeenLesion, link_lesions


def seen(text: str) -> list[SeenLesion]:
    """Findings such as ``CC:mass:malignant:oval``, separated by spaces."""
    lesions = (word.split(':') for word in text.split())
    return [SeenLesion(view, kind, category, description) for view, kind, category, description in lesions]


@pytest.mark.parametrize(
    ('findings', 'numbers'),
    [
        ('', []),
        ('CC:mass:benign:oval', [None]),
        # One of a kind in each view: linked, however it was described.
        ('CC:mass:benign:oval MLO:mass:benign:round', [1, 1]),
        ('CC:mass:benign:oval MLO:mass:malignant:oval', [None, None]),
        ('CC:mass:benign:oval MLO:calc:benign:oval', [None, None]),
        ('CC:mass:benign:oval CC:calc:benign:fine MLO:calc:benign:fine MLO:mass:benign:oval', [1, 2, 2, 1]),
        # Several of a kind: by description, which must be unique in its view.
        ('CC:mass:benign:oval CC:mass:benign:round MLO:mass:benign:round MLO:mass:benign:oval', [1, 2, 2, 1]),
        ('CC:mass:benign:oval CC:mass:benign:round MLO:mass:benign:round', [None, 1, 1]),
        ('CC:mass:benign:oval CC:mass:benign:round MLO:mass:benign:lobed', [None, None, None]),
        ('CC:mass:benign:oval CC:mass:benign:oval MLO:mass:benign:oval', [None, None, None]),
        ('CC:mass:malignant:oval CC:mass:benign:oval MLO:mass:benign:oval', [None, 1, 1]),
        # Three views: nobody says which two belong together.
        ('CC:mass:benign:oval MLO:mass:benign:oval ML:mass:benign:oval', [None, None, None]),
    ],
)
def test_case(findings, numbers):
    assert link_lesions(seen(findings)) == numbers
