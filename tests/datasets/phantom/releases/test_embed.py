"""Phantoms as EMBED come back through its converter."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.datasets.converters.embed import convert_embed
from mammo_plugins.datasets.grouping import group_cases
from mammo_plugins.datasets.phantom.releases.embed import write_embed
from mammo_plugins.io import validate_annotations, write_annotations
from tests.datasets.converters.phantom_source import make_source


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    """The phantoms, and what becomes of them as a release."""
    source = make_source(tmp_path_factory.mktemp('phantoms'))
    folder = tmp_path_factory.mktemp('EMBED')
    write_embed(source.folder, folder, source.images, source.findings, seed=3)
    return source, convert_embed(folder, show_progress=False)


def pairs_of(source, annotations):
    """Each image with the phantom that it was, in the order of the release: exam by exam, left before right."""
    rows = [row for row in source.images if row.modality in ('FFDM', 'SM')]
    studies = list(dict.fromkeys(row.study_id for row in rows))
    rows.sort(key=lambda row: (studies.index(row.study_id), row.view[0] == 'r'))
    return list(zip(annotations.images, rows, strict=True))


def outcomes(source, row) -> set[str]:
    """Categories of the findings of an image's breast, in either view."""
    return {
        finding.malignancy
        for finding in source.findings
        if (finding.study_id, finding.view[0]) == (row.study_id, row.view[0])
    }


class TestRoundTrip:
    def test_every_ffdm_and_synthetic_mammogram_comes_back_with_the_labels_of_its_breast(self, phantoms):
        source, annotations = phantoms
        validate_annotations(annotations)
        unknown = []
        for image, row in pairs_of(source, annotations):
            assert (image.modality, image.view_name) == (row.modality, row.view)
            assert (image.width, image.height, image.manufacturer) == (row.width, row.height, row.manufacturer)
            assert image.labels['density'] == row.density and image.spacing_mm is not None
            if 'malignant' in image.labels:
                assert image.labels['malignant'] == row.malignant and image.split is not None
            else:
                unknown.append(image)
        assert len({image.patient_id for image in annotations.images}) == 6
        assert {(image.labels['birads'], image.split) for image in unknown} == {('0', None)}
        assert len({image.breast_id for image in unknown}) == 1
        assert len({image.breast_id for image in annotations.images if 'birads' not in image.labels}) == 1

    def test_regions_come_back_within_a_pixel_where_their_outcome_is_clear(self, phantoms):
        source, annotations = phantoms
        compared = 0
        for image, row in pairs_of(source, annotations):
            found = annotations.findings_of(image.id)
            if len(outcomes(source, row)) != 1:
                assert found == []
                continue
            for finding, expected in zip(found, source.findings_of(row), strict=True):
                box = (expected.x, expected.y, expected.width, expected.height)
                np.testing.assert_allclose(finding.bbox_xywh, box, atol=1.01)
                assert finding.category == expected.malignancy
                assert finding.attributes['match_level'] == (1 if image.modality == 'FFDM' else 2)
                compared += 1
        assert compared == len(annotations.findings) > 0

    def test_ffdm_and_cview_of_one_exposure_are_complete_pairs(self, phantoms):
        source, annotations = phantoms
        images = [AnnotatedImage(image, (), Path(image.file_name)) for image in annotations.images]
        cases = group_cases(images, 'modalities')
        exposures = {(row.study_id, row.view) for row in source.ffdm}
        assert {case.status for case in cases} == {'complete'} and len(cases) == len(exposures)
        for case in cases:
            synthetic, exposed = (image.record for image in case.images)
            assert (synthetic.modality, exposed.modality) == ('SM', 'FFDM')
            same = [(r.patient_id, r.study_uid, r.view, r.acquisition_time_s) for r in (synthetic, exposed)]
            assert same[0] == same[1]
        counts = annotations.info['counts']
        pairs = [counts[f'sm_ffdm_pairs_{status}'] for status in ('complete', 'missing', 'ambiguous')]
        assert pairs == [len(exposures), 0, 0]

    def test_regions_are_counted_by_match_level(self, phantoms):
        """Regions of FFDM were marked there, those of C-View moved."""
        _, annotations = phantoms
        modalities = [annotations.image(finding.image_id).modality for finding in annotations.findings]
        counts = annotations.info['counts']
        levels = (counts['regions_of_match_level_1'], counts['regions_of_match_level_2'])
        assert levels == (modalities.count('FFDM'), modalities.count('SM')) and min(levels) > 0

    def test_recall_is_reported_by_match_level(self, phantoms, tmp_path):
        """One box on each region of the FFDM: level 1 is found whole, level 2 not at all."""
        _, annotations = phantoms
        ann, table, out = tmp_path / 'embed.json', tmp_path / 'predictions.csv', tmp_path / 'numbers.json'
        write_annotations(ann, annotations.keep('malignant' in image.labels for image in annotations.images))
        lines = ['PatientID,StudyUID,View,Modality,X,Width,Y,Height,Z,Depth,Score']
        for finding in annotations.findings:
            image = annotations.image(finding.image_id)
            if image.modality == 'FFDM':
                x, y, width, height = finding.bbox_xywh
                place = f'{image.patient_id},{image.study_uid},{image.view_name},{image.modality}'
                lines.append(f'{place},{x},{width},{y},{height},0,1,0.9')
        table.write_text('\n'.join(lines) + '\n')
        options = ['--protocol', 'mm3d-2d', '--by', 'match_level', '--json', str(out)]
        assert main(['evaluate', str(table), '--ann', str(ann), *options]) == 0
        results = json.loads(out.read_text())['results']
        recalls = {group: result['metrics']['R@0.5']['value'] for group, result in results.items()}
        assert recalls == {'1/mm3d-2d': 1.0, '2/mm3d-2d': 0.0}

    def test_what_is_left_out_is_what_was_planted(self, phantoms):
        source, annotations = phantoms
        dropped = [entry['reason'] for entry in annotations.info['dropped']]
        reasons = [line for line in dropped if 'malignant and benign findings' not in line]
        mixed = sum(
            len(source.findings_of(row)) for _, row in pairs_of(source, annotations) if len(outcomes(source, row)) == 2
        )
        assert len(dropped) - len(reasons) == mixed
        assert len(reasons) == 2
        assert 'spot compression or magnification view' in reasons[0] and "'ROI_SSC' is neither" in reasons[1]

    def test_seed_decides_the_release(self, phantoms, tmp_path):
        source, _ = phantoms
        texts = []
        for name, seed in (('a', 3), ('b', 3), ('c', 4)):
            (tmp_path / name).mkdir()
            write_embed(source.folder, tmp_path / name, source.images, source.findings, seed=seed)
            texts.append((tmp_path / name / 'tables/EMBED_OpenData_metadata.csv').read_text())
        assert texts[0] == texts[1] != texts[2]
        assert '([[' in texts[0] or '],)' in texts[0]  # one region is nested deeper
