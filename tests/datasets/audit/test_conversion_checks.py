from __future__ import annotations

from mammo_plugins.datasets.audit import check_conversion


def test_what_the_converter_lists_is_noted():
    info = {
        'dropped': [{'row': 'boxes.csv:7', 'reason': 'no image of P1'}],
        'notes': [{'row': 'boxes.csv:9', 'reason': 'box clipped'}],
    }
    assert [(f.severity, f.where, f.reason) for f in check_conversion(info)] == [
        ('note', 'boxes.csv:7', 'left out: no image of P1'),
        ('note', 'boxes.csv:9', 'kept, but odd: box clipped'),
    ]


def test_files_of_other_origin_list_nothing():
    assert check_conversion({'root': '', 'notes': 'made by hand'}) == []
