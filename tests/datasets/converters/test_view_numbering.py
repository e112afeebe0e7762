"""Repeated views get names of their own."""

from mammo_plugins.datasets.converters.view_numbering import ViewNumbering
from mammo_plugins.structures import ViewKey


def test_repeats_are_numbered_within_exam_and_modality():
    numbering = ViewNumbering()
    asked = [
        ('L-CC', 'p', 's', 'FFDM'), ('L-CC', 'p', 's', 'FFDM'), ('L-MLO', 'p', 's', 'FFDM'), ('L-CC', 'p', 's', 'SM'),
        ('L-CC', 'p', 't', 'FFDM'), ('L-CC', 'p', 's', 'FFDM'), ('R-CC', 'p', 's', 'FFDM'),
    ]  # fmt: skip
    names = [numbering.name_next(ViewKey.parse(view), *exam) for view, *exam in asked]
    assert names == ['lcc', 'lcc1', 'lmlo', 'lcc', 'lcc', 'lcc2', 'rcc']


def test_names_read_back_as_the_view():
    numbering = ViewNumbering()
    for _ in range(3):
        name = numbering.name_next(ViewKey.parse('R-XCCL'), 'p', 's', 'FFDM')
        assert ViewKey.parse(name) == ViewKey.parse('R-XCCL')
