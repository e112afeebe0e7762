"""Figures of real but hardly trained models, and of a model whose findings are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from PIL import Image

from mammo_plugins.apis.figures import drawing as figures
from mammo_plugins.apis.figures import models as figure_models
from mammo_plugins.apis.figures.drawing import FigureModel, draw_figures
from mammo_plugins.apis.train import train
from mammo_plugins.commands.figures import main
from mammo_plugins.io import AnnotationSet, read_annotations, write_annotations
from tests.apis.conftest import quick_options

FFDM, MIP, DBT = (f'configs/demo/{name}.py' for name in ('mnm_ffdm', 'mip_dbt', 'mm3d_dbt'))
FALSE_BOX = (0.0, 0.0, 3.0, 3.0)


@pytest.fixture(scope='module')
def checkpoint(phantom_root, tmp_path_factory) -> Path:
    """Weights that every config of the demo fits."""
    work_dir = tmp_path_factory.mktemp('weights')
    train(FFDM, work_dir=work_dir, cfg_options=quick_options(phantom_root))
    return work_dir / 'iter_1.pth'


@pytest.fixture
def known(monkeypatch, phantom_root) -> AnnotationSet:
    """The annotations; all models find each malignant finding with 0.8 and, in every image, a false one with 0.6."""
    annotations = read_annotations(phantom_root / 'phantoms.json')

    def say_what_is_annotated(detector, dataset):
        for index in range(len(dataset)):
            sample = dataset[index]['data_samples']
            for view in sample.views:
                view.pred_instances = known_instances(annotations, view)
            yield sample

    monkeypatch.setattr(figure_models, 'build_detector', lambda *_: None)
    monkeypatch.setattr(figure_models, 'predict_cases', say_what_is_annotated)
    monkeypatch.setattr(figures, 'save_figure', lambda _, stem: [Path(f'{stem}.png')])  # most of the time goes there
    return annotations


def known_instances(annotations, view) -> InstanceData:
    findings = [one for one in annotations.findings_of(view.image_id) if one.category == 'malignant']
    x, y, width, height = np.array([one.bbox_xywh for one in findings]).reshape(-1, 4).T
    boxes = np.vstack([np.array([FALSE_BOX]), np.stack([x, y, x + width, y + height], axis=1)])
    weights = torch.arange(1.0, view.num_slices + 1)
    return InstanceData(
        bboxes=torch.as_tensor(boxes, dtype=torch.float32),
        scores=torch.tensor([0.6] + [0.8] * len(findings)),
        labels=torch.zeros(len(boxes), dtype=torch.long),
        slices=torch.full((len(boxes),), view.slice_bins.middle(view.num_slices - 1)),
        slice_weights=(weights / weights.sum()).expand(len(boxes), -1),
    )


def columns(checkpoint='weights.pth'):
    return [
        FigureModel('FFDM', FFDM, checkpoint),
        FigureModel('MIP', MIP, checkpoint),
        FigureModel('3-D', DBT, checkpoint),
    ]


def draw(root, out, models=None, **changes):
    drawn = draw_figures(models or columns(), root / 'phantoms.json', out, split=None, **changes)
    return drawn, json.loads(drawn.numbers.read_text())


def test_command_draws_what_real_models_find(phantom_root, checkpoint, tmp_path, capsys):
    models = [part for model in columns(checkpoint) for part in ('--model', model.name, model.config, str(checkpoint))]
    arguments = ['--ann', str(phantom_root / 'phantoms.json'), '--out', str(tmp_path), '--split', 'train']
    assert main([*arguments, *models, '--findings', '2', '--device', 'cpu']) == 0
    assert f'{tmp_path / "finding_panels.png"}\n' in capsys.readouterr().out
    numbers = json.loads((tmp_path / 'figures.json').read_text())
    assert [(model['name'], model['modality']) for model in numbers['models']] == [
        ('FFDM', 'FFDM'),
        ('MIP', 'DBT'),
        ('3-D', 'DBT'),
    ]
    assert [len(row['panels']) for row in numbers['finding_panels']['rows']] == [3, 3]
    assert Image.open(tmp_path / 'finding_panels.png').size[0] > 1500
    assert (tmp_path / 'finding_panels.pdf').read_bytes().startswith(b'%PDF')
    assert str(phantom_root) not in (tmp_path / 'figures.json').read_text()


def test_json_holds_the_numbers_of_the_panels(known, monkeypatch, phantom_root, tmp_path):
    seen = []
    draw_panels = figures.finding_panels_figure
    monkeypatch.setattr(figures, 'finding_panels_figure', lambda *args: seen.append(args) or draw_panels(*args))
    _, numbers = draw(phantom_root, tmp_path, num_findings=2, fp_per_volume=1.0)
    ((titles, rows, _),) = seen
    assert titles == ['FFDM', 'MIP', '3-D']
    for row, written in zip(rows, numbers['finding_panels']['rows'], strict=True):
        for panel, of_panel in zip(row.panels, written['panels'], strict=True):
            assert [(one.score, one.passes) for one in panel.predictions] == [
                (one['score'], one['passes_threshold']) for one in of_panel['predicted']
            ]
            assert len(panel.truth) == len(of_panel['annotated']) > 0
            assert [one['best_match'] for one in of_panel['predicted']] == [True] + [False] * (
                len(panel.predictions) - 1
            )
            assert of_panel['predicted'][-1]['box_xyxy'] == pytest.approx(FALSE_BOX)


def test_boxes_follow_the_picture_that_the_network_reads(known, monkeypatch, phantom_root, tmp_path):
    seen = []
    draw_panels = figures.finding_panels_figure
    monkeypatch.setattr(figures, 'finding_panels_figure', lambda *args: seen.append(args) or draw_panels(*args))
    draw(phantom_root, tmp_path, num_findings=1)
    for panel in seen[0][1][0].panels:
        height, width = panel.picture.shape
        assert width == 96 or height == 192
        assert panel.predictions[0].box_xyxy == pytest.approx(panel.truth[0], abs=1e-3)
        left, top, right, bottom = panel.truth[0]
        assert 0 <= left < right <= width and 0 <= top < bottom <= height


def test_breasts_hang_as_in_the_report(known, monkeypatch, phantom_root, tmp_path):
    seen = []
    draw_panels = figures.finding_panels_figure
    monkeypatch.setattr(figures, 'finding_panels_figure', lambda *args: seen.append(args) or draw_panels(*args))
    draw(phantom_root, tmp_path, num_findings=4)
    ((_, rows, _),) = seen
    sides = {row.name.split()[1][0] for row in rows}
    assert sides == {'L', 'R'}
    for row in rows:
        for panel in row.panels:
            left, right = panel.picture[:, :4].mean(), panel.picture[:, -4:].mean()
            assert (left > right) == (row.name.split()[1][0] == 'L')
            assert panel.predictions[0].box_xyxy == pytest.approx(panel.truth[0], abs=1e-3)  # both moved alike


def test_threshold_is_the_score_at_the_operating_point(known, phantom_root, tmp_path):
    # A false positive of 0.6 in every image: one a volume from 0.6 on, none from 0.8 on.
    for fp_per_volume, threshold in ((1.0, 0.6), (0.5, 0.8)):
        _, numbers = draw(phantom_root, tmp_path, fp_per_volume=fp_per_volume)
        assert [model['threshold'] for model in numbers['models']] == pytest.approx([threshold] * 3)


def test_volume_shows_the_slices_that_the_best_match_names(known, phantom_root, tmp_path):
    _, numbers = draw(phantom_root, tmp_path, num_findings=1)
    ffdm, mip, volume = numbers['finding_panels']['rows'][0]['panels']
    assert (ffdm['shown_slices'], mip['shown_slices']) == ([0, 0], [0, 9])
    # Ten slices in eight bins; the last one holds slices 8 and 9.
    assert (volume['shown_slices'], volume['slices_chosen_by']) == ([8, 9], 'slice of the best match')


def test_slice_scores_are_those_of_the_narrowest_and_the_widest_finding(known, phantom_root, tmp_path):
    drawn, numbers = draw(phantom_root, tmp_path)
    assert [path.name for path in drawn.slice_scores] == ['slice_scores.png']
    widths = [
        (last * 8 + 7) // volume.num_slices - (first * 8 + 7) // volume.num_slices + 1
        for volume in known.select(modality='DBT').images
        for first, last in (one.slice_range for one in known.findings_of(volume.id) if one.category == 'malignant')
    ]
    shown = [one['visible_bins'] for one in numbers['slice_scores']['findings']]
    assert [last - first + 1 for first, last in shown] == [min(widths), max(widths)]
    for finding in numbers['slice_scores']['findings']:
        assert finding['slice_scores'] == pytest.approx([n / 36 for n in range(1, 9)])
        assert finding['predicted']['score'] == pytest.approx(0.8)
    assert numbers['slice_scores']['model'] == '3-D'


def test_findings_of_one_patient_can_be_asked_for(known, phantom_root, tmp_path):
    malignant = [one.image_id for one in known.findings if one.category == 'malignant']
    patient = known.image(malignant[-1]).patient_id
    _, numbers = draw(phantom_root, tmp_path, patients=[patient])
    shown = numbers['finding_panels']['rows'] + numbers['slice_scores']['findings']
    assert {one['patient_id'] for one in shown} == {patient}


def test_models_without_slice_scores_are_named(known, phantom_root, tmp_path):
    drawn, numbers = draw(phantom_root, tmp_path, columns()[:2])
    assert (drawn.slice_scores, numbers['slice_scores']) == ([], None)
    assert drawn.notes == ['no slice scores: FFDM, MIP read one picture of each image, and give none']


def test_findings_without_visible_range_give_a_note(known, phantom_root, tmp_path):
    drawn, _ = draw(phantom_root, tmp_path, [FigureModel('3-D', DBT, 'weights.pth')], patients=None)
    assert drawn.notes == []
    stripped = json.loads((phantom_root / 'phantoms.json').read_text())
    for annotation in stripped['annotations']:
        annotation['slice_range'] = None
    stripped['info']['root'] = str(phantom_root / stripped['info']['root'])
    (tmp_path / 'phantoms.json').write_text(json.dumps(stripped))
    drawn, _ = draw(tmp_path, tmp_path / 'out', [FigureModel('3-D', DBT, 'weights.pth')])
    assert drawn.notes == [
        'no slice scores: 3-D hits no malignant finding with an annotated visible range (slice_range)'
    ]


def test_split_without_malignant_finding_is_refused(known, phantom_root, tmp_path):
    images = known.images
    root = str(phantom_root / known.info['root'])
    benign = AnnotationSet([one for one in images if not known.findings_of(one.id)], [], {**known.info, 'root': root})
    write_annotations(tmp_path / 'phantoms.json', benign)
    with pytest.raises(ValueError, match='no malignant finding is annotated in the DBT images'):
        draw(tmp_path, tmp_path / 'out')


def command(root, out, *models):
    return main(
        ['--ann', str(root / 'phantoms.json'), '--out', str(out), '--device', 'cpu', '--split', 'train', *models]
    )


def test_unknown_checkpoint_is_named(phantom_root, tmp_path, capsys):
    assert command(phantom_root, tmp_path, '--model', 'FFDM', FFDM, 'none.pth') == 2
    assert 'checkpoint none.pth does not exist' in capsys.readouterr().err


def test_weights_of_another_model_are_refused(phantom_root, checkpoint, tmp_path, capsys):
    smaller = ['--cfg-options', 'model.roi_head.num_stages=2']
    assert command(phantom_root, tmp_path, '--model', 'FFDM', FFDM, str(checkpoint), *smaller) == 2
    assert f'FFDM, {FFDM}: {checkpoint} does not hold the weights of' in capsys.readouterr().err


def test_two_models_of_one_name_are_refused(phantom_root, tmp_path, capsys):
    assert command(phantom_root, tmp_path, *(['--model', 'A', FFDM, 'a.pth'] * 2)) == 2
    assert "two models are called 'A'" in capsys.readouterr().err


def test_mixed_modalities_in_one_column_are_refused(known, phantom_root, tmp_path):
    mixed = {'test_dataloader.dataset.modality': ['FFDM', 'DBT']}
    with pytest.raises(ValueError, match=r'3-D: the test data of .* mix DBT and FFDM'):
        draw(phantom_root, tmp_path, [FigureModel('3-D', DBT, 'weights.pth', mixed)])
