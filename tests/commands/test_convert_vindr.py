"""VinDr-Mammo as PhysioNet gives it out, through the command."""

from __future__ import annotations

import csv

import pytest

from mammo_plugins.commands.convert_dataset import main
from mammo_plugins.io import read_annotations
from tests.io.dicom_builder import mammogram, save, stored_breast

IMAGE = 'study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density'.split(',')
BREAST_TABLE = [*IMAGE, 'split']
FINDING_TABLE = [*IMAGE, 'finding_categories', 'finding_birads', 'xmin', 'ymin', 'xmax', 'ymax', 'split']
TAGS = [
    '', 'SOP Instance UID', 'Series Instance UID', 'SOP Class UID', 'Modality', 'Manufacturer', 'Patient\'s Age',
    'View Position', 'Imager Pixel Spacing', 'Image Laterality', 'Photometric Interpretation', 'Rows', 'Columns',
    'Window Center', 'Window Width', 'View Code Sequence_0_Code Meaning',
]  # fmt: skip
STUDIES = {
    'b8d273e8601f348d3664778dae0e7e0b': ('training', 2, ("['No Finding']", '', '', '', '', '')),
    '8269f5971eaca3e5d3772d1796e6bd7a': (
        'training', 5, ("['Mass', 'Skin Retraction']", 'BI-RADS 5', '235.5139892578125', '173.16400146484375',
                        '248.297998046875', '185.275'),
    ),
    'd931832a0815df082c085b6e09d20aac': (
        'test', 4, ("['Suspicious Lymph Node']", '', '242.0', '10.5', '280.9', '19.25'),  # over the border: 280
    ),
}  # fmt: skip
SIZE = {'height': 352, 'width': 280}
PIXELS = {side: stored_breast(side, (352, 280)) for side in 'LR'}


@pytest.fixture
def release(tmp_path):
    """Three exams of four images, in columns, ids and numbers as the release writes them, a tenth of its size."""
    root = tmp_path / 'physionet.org/files/vindr-mammo/1.0.0'
    breasts, findings, tags = [], [], []
    for study, (split, birads, finding) in STUDIES.items():
        (root / 'images' / study).mkdir(parents=True)
        for number, view in enumerate(('L CC', 'L MLO', 'R CC', 'R MLO')):
            image = f'{number}{study[1:]}'
            side, position = view.split()
            elements = {'ImageLaterality': side, 'ViewPosition': position, 'PatientID': study}
            save(mammogram(PIXELS[side], **elements), root / 'images' / study / f'{image}.dicom')
            shared = {
                'study_id': study, 'series_id': f'{number}5{study[2:]}', 'image_id': image, 'laterality': side,
                'view_position': position, 'breast_birads': f'BI-RADS {birads if side == "L" else 1}',
                'breast_density': 'DENSITY C', 'split': split, **SIZE,
            }  # fmt: skip
            none = ("['No Finding']", '', '', '', '', '')
            marks = zip(FINDING_TABLE[9:15], finding if side == 'L' else none)
            breasts.append(shared)
            findings.append({**shared, **dict(marks)})
            tags.append(
                {
                    '': len(tags),
                    'SOP Instance UID': image,
                    'Manufacturer': 'IMS s.r.l.',
                    'Imager Pixel Spacing': "['0.085', '0.085']",
                }
            )
    for name, columns, rows in (
        ('breast-level_annotations.csv', BREAST_TABLE, breasts), ('finding_annotations.csv', FINDING_TABLE, findings),
        ('metadata.csv', TAGS, tags),
    ):  # fmt: skip
        with (root / name).open('w', newline='') as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    for name in ('index.html', 'LICENSE.txt', 'SHA256SUMS.txt'):
        (root / name).write_text('of the download')
    return root


def test_release_as_it_is_passes_strict(release, tmp_path, capsys):
    assert main(['vindr-mammo', str(release), str(tmp_path / 'ann.json'), '--strict', '--no-progress']) == 0
    annotations = read_annotations(tmp_path / 'ann.json')
    counts = annotations.info['counts']
    assert annotations.info['dropped'] == []
    assert (counts['images'], counts['images_test'], counts['positives']) == (12, 4, 4)
    assert (counts['malignant_findings'], counts['findings_of_unknown_class'], counts['clipped_boxes']) == (2, 2, 2)
    assert {image.spacing_mm for image in annotations.images} == {(0.085, 0.085)}
    told = capsys.readouterr()
    assert 'left out' not in told.out and told.err == ''
