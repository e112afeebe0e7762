from __future__ import annotations

from mammo_plugins.datasets.audit import ImageFacts
from mammo_plugins.datasets.audit.acquisition_tables import box_size_rows, vendor_rows, view_rows
from mammo_plugins.io import FindingRecord


def test_vendor_table_counts_spacings_and_storage(make_image, make_facts):
    images = [make_image(1), make_image(2, spacing_mm=(0.07, 0.07)), make_image(3), make_image(4, modality='DBT')]
    facts = {number: make_facts(number, transfer_syntax_uid='1.2.840.10008.1.2.4.90') for number in (1, 2, 4)}
    facts[3] = ImageFacts(problem='gone')
    flat, volume = sorted(vendor_rows(images, facts), key=lambda row: row['Modality'], reverse=True)
    assert (flat['Images'], flat['Pixel spacing, mm'], flat['Slice spacing, mm']) == ('3', '0.1 (2), 0.07 (1)', '')
    assert (flat['Stored as'], flat['Shown by']) == ('JPEG 2000 Image Compression', 'window (LINEAR)')
    assert (volume['Images'], volume['Slice spacing, mm'], volume['Size']) == ('1', 'unknown', '100 x 200')


def test_views_and_boxes_are_counted(make_image):
    mass = FindingRecord(1, 'benign', (1.0, 1.0, 50.0, 20.0), attributes={'type': 'mass'})
    images = [make_image(1, boxes=[mass, mass]), make_image(2, boxes=[mass], spacing_mm=None), make_image(3, 'R-MLO')]
    assert [(row['View'], row['FFDM']) for row in view_rows(images)] == [('L-CC', '2'), ('R-MLO', '1')]
    assert box_size_rows(images) == [
        {
            'Category': 'benign', 'Type': 'mass', 'Boxes': '3', 'Without spacing': '1', 'Shortest side, mm': '5.0',
            'Median side, mm': '5.0', 'Longest side, mm': '5.0',
        }
    ]  # fmt: skip
