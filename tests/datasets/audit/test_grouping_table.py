from __future__ import annotations

from mammo_plugins.datasets.audit.grouping_table import grouping_rows


def test_cases_are_counted_for_each_way_of_grouping(make_image):
    exam = [
        ('L-CC', 'FFDM'), ('R-CC', 'FFDM'), ('L-MLO', 'FFDM'),
        ('L-CC', 'SM'), ('R-CC', 'SM'), ('R-CC', 'SM'), ('L-CC', 'DBT'),
    ]  # fmt: skip
    images = [
        make_image(number, view, patient_id='P1', modality=modality) for number, (view, modality) in enumerate(exam, 1)
    ]
    counts = {row['group_by']: (row['Complete'], row['Missing'], row['Ambiguous']) for row in grouping_rows(images)}
    assert counts == {
        'image': ('7', '0', '0'),
        'breast': ('1', '5', '0'),  # only the left FFDM has both
        'modalities': ('1', '1', '3'),  # L-CC; L-MLO; one FFDM and two SM of R-CC
        'bilateral': ('1', '2', '3'),  # FFDM CC; FFDM MLO and DBT; one left and two right SM
    }


def test_nothing_gives_zeros():
    assert {row['Complete'] for row in grouping_rows([])} == {'0'}
