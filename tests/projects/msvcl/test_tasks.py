"""Detection of masses, BI-RADS and density on phantoms, through train, test, evaluate, predict and report."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import TASK_UTILS

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.predict import predict
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from mammo_plugins.commands import evaluate as evaluate_command
from mammo_plugins.commands import report as report_command
from mammo_plugins.evaluation import read_labels
from mammo_plugins.evaluation.predictions_csv import read_predictions
from mammo_plugins.io import read_annotations, write_annotations
from mammo_plugins.io.mass_birads import mass_birads
from tests.apis.conftest import quick_options
from tests.apis.train.test_mmdet_detectors import RESNET

FCOS, DENSITY, BIRADS = 'configs/fcos_mass.py', 'projects/msvcl/configs/density.py', 'projects/msvcl/configs/birads.py'
SPLITS = ('train', 'val', 'test')
GRADES = ('3', '4A', '4C', '5')


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """FFDM of five patients of two vendors with masses that are assessed; ``files`` has those of the first patient."""
    folder = tmp_path_factory.mktemp('masses')
    settings = {
        'finding.malignant_share': 1.0, 'finding.benign_share': 0.0,
        'finding.unannotated_share': 0.0, 'finding.malignant_types': (0.5, 0.5, 0.0, 0.0),
    }  # fmt: skip
    make_phantoms(
        folder / 'phantoms', cases=5, seed=2, size='96x64x4', split=(0.4, 0.2, 0.4), workers=1, overrides=settings
    )
    convert_dataset('phantom', folder / 'phantoms', folder / 'phantoms.json', modality=['FFDM'])
    annotations = read_annotations(folder / 'phantoms.json')
    first = [image for image in annotations.images if image.patient_id == annotations.images[0].patient_id]
    (folder / 'files').mkdir()
    for image in first:
        (folder / 'files' / f'{image.view}.dcm').symlink_to(annotations.resolve_path(image))
    annotations.findings[:] = [
        replace(finding, attributes=finding.attributes | {'birads': GRADES[number % len(GRADES)]})
        for number, finding in enumerate(annotations.findings)
    ]
    annotations.images[:] = [
        replace(image, manufacturer='AB'[number % 2], spacing_mm=(1.0, 1.0))
        for number, image in enumerate(annotations.images)
    ]
    place = max(number for number, image in enumerate(annotations.images) if image.split == 'test')
    normal = annotations.images[place]  # shows nothing from now on
    annotations.images[place] = replace(normal, labels=normal.labels | {'malignant': 0, 'benign': 0})
    annotations.findings[:] = [finding for finding in annotations.findings if finding.image_id != normal.id]
    write_annotations(folder / 'phantoms.json', annotations)
    return folder


def options(root: Path, **changes: object) -> dict[str, object]:
    loaders = {
        f'{split}_dataloader.{name}': value
        for split in SPLITS
        for name, value in (('num_workers', 0), ('persistent_workers', False), ('dataset.ann_file', 'phantoms.json'))
    }
    return quick_options(root, **{'param_scheduler': [], 'train_cfg.val_interval': 1}, **loaders, **changes)


def fcos_options(root: Path) -> dict[str, object]:
    small = {f'model.detector.{name}': value for name, value in RESNET.items()}
    pixels = {f'{split}_dataloader.dataset.pipeline.0.pixel_mm': 1.0 for split in SPLITS}
    return options(root, **small, **pixels, **{'test_evaluator.bootstrap': 20})


def classifier_options(root: Path, **changes: object) -> dict[str, object]:
    small = {'model.backbone.depth': 18, 'model.backbone.init_cfg': None, 'model.in_channels': 512}
    return options(root, **small, **{'test_evaluator.bootstrap': 20}, **changes)


@pytest.fixture(scope='module')
def fcos(root) -> Path:
    train(FCOS, work_dir=root / 'fcos', cfg_options=fcos_options(root))
    return root / 'fcos' / 'iter_1.pth'


@pytest.fixture(scope='module')
def found(root, fcos) -> tuple[dict[str, float], Path]:
    """Numbers of the test, and the table."""
    out = root / 'found.csv'
    return evaluate_checkpoint(FCOS, fcos, out=out, work_dir=root / 'tested', cfg_options=fcos_options(root)), out


def test_nothing_of_fcos_is_frozen(root, tmp_path):
    changes = {'model.detector.backbone.norm_eval': False, 'optim_wrapper.optimizer.lr': 0.1}
    runner = train(FCOS, work_dir=tmp_path, cfg_options=fcos_options(root) | changes)
    backbone = runner.model.detector.backbone
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    assert int(backbone.bn1.num_batches_tracked) == 1
    assert list(tmp_path.glob('best_coco_AP50*.pth')), 'the best checkpoint goes by AP50'


def test_masses_are_scored_by_vendor(root, found):
    numbers, table = found
    assert {'coco/AP50', 'coco/AP25', 'coco/AP', 'mm3d-2d/R@0.25', 'coco/AP50_se'} <= set(numbers)
    truth = read_annotations(root / 'phantoms.json').select(split='test')
    assert numbers['num_findings'] == sum(f.attributes['type'] == 'mass' for f in truth.findings) > 0
    out = root / 'vendors.json'
    arguments = ['--ann', str(root / 'phantoms.json'), '--split', 'test', '--protocol', 'coco', '--targets', 'mass']
    assert evaluate_command.main([str(table), *arguments, '--json', str(root / 'all.json')]) == 0
    assert json.loads((root / 'all.json').read_text())['results']['coco']['metrics']['AP50']['value'] == pytest.approx(
        numbers['coco/AP50']
    )
    by = ['--by', 'manufacturer', '--average', 'seen=A,B', '--bootstrap', '20', '--json', str(out)]
    assert evaluate_command.main([str(table), *arguments, *by]) == 0
    results = json.loads(out.read_text())['results']
    values = [results[f'{name}/coco']['metrics']['AP50']['value'] for name in ('A', 'B', 'seen')]
    assert values[2] == pytest.approx((values[0] + values[1]) / 2)


def test_masses_in_the_report(root, found):
    """Boxes of masses whatever their malignancy, and FROC over masses."""
    _, table = found
    page = root / 'masses.html'
    arguments = [str(table), '--ann', str(root / 'phantoms.json'), '--split', 'test', '--targets', 'mass']
    assert report_command.main([*arguments, '--protocol', 'mm3d-2d', '--out', str(page)]) == 0
    text = page.read_text(encoding='utf-8')
    truth = read_annotations(root / 'phantoms.json').select(split='test')
    assert all(image.patient_id in text for image in truth.images) and 'R@0.25' in text


def test_files_are_predicted(root, fcos):
    # No annotation file tells the spacing of files, but their headers do.
    run = predict(root / 'files', config=FCOS, checkpoint=fcos, out=root / 'predicted', cfg_options=fcos_options(root))
    assert len(read_predictions(run.csv).images) == 4


@pytest.fixture(scope='module')
def density(root) -> Path:
    changes = {f'{split}_dataloader.dataset.loading.2.size': 32 for split in SPLITS}
    train(DENSITY, work_dir=root / 'density', cfg_options=classifier_options(root, **changes))
    return root / 'density' / 'iter_1.pth'


def test_density_through_the_commands(root, density):
    changes = classifier_options(root, **{f'{split}_dataloader.dataset.loading.2.size': 32 for split in SPLITS})
    out = root / 'density.csv'
    numbers = evaluate_checkpoint(DENSITY, density, out=out, work_dir=root / 'tested', cfg_options=changes)
    images = read_annotations(root / 'phantoms.json').select(split='test').images
    assert numbers['view/density/num_cases'] == len(images)
    assert {f'view/density/{name}' for name in ('accuracy', 'macro_auc', 'quadratic_kappa')} <= set(numbers)
    labels = read_labels(out)
    assert labels.labels == {'density': ('A/B', 'C/D')}
    arguments = [str(out), '--ann', str(root / 'phantoms.json'), '--split', 'test', '--json', str(root / 'd.json')]
    assert evaluate_command.main(arguments) == 0
    result = json.loads((root / 'd.json').read_text())['results']['density']
    assert result['metrics']['accuracy']['value'] == pytest.approx(numbers['view/density/accuracy'])
    assert result['counts']['true_C/D'] == sum(image.labels['density'] in 'CD' for image in images)
    page = root / 'density.html'
    arguments = [str(out), '--ann', str(root / 'phantoms.json'), '--split', 'test', '--out', str(page)]
    assert report_command.main(arguments) == 0 and 'C/D' in page.read_text()
    run = predict(root / 'files', config=DENSITY, checkpoint=density, out=root / 'dense', cfg_options=changes)
    assert run.html.is_file() and len(read_labels(root / 'dense' / 'labels.csv').keys) == 4


def birads_options(root: Path, **changes: object) -> dict[str, object]:
    sizes = {f'{split}_dataloader.dataset.pipeline.0.size': 32 for split in SPLITS}
    return classifier_options(root, **sizes, **changes)


@pytest.fixture(scope='module')
def birads(root) -> Path:
    train(BIRADS, work_dir=root / 'birads', cfg_options=birads_options(root))
    return root / 'birads' / 'iter_1.pth'


def test_birads_of_annotated_masses(root, birads):
    out = root / 'birads.csv'
    numbers = evaluate_checkpoint(BIRADS, birads, out=out, work_dir=root / 'tested', cfg_options=birads_options(root))
    annotations = read_annotations(root / 'phantoms.json').select(split='test')
    known = [image for image in annotations.images if mass_birads(annotations.findings_of(image.id)) is not None]
    assert numbers['view/mass_birads/num_cases'] == len(known) > 0
    labels = read_labels(out)
    assert labels.labels == {'mass_birads': ('2/3', '4A', '4B', '4C', '5')}
    named = {(image.patient_id, image.view_name) for image in known}
    empty = np.isnan(labels.columns['mass_birads=5'])
    assert [not nothing for nothing in empty] == [(key.patient_id, key.name) in named for key in labels.keys]
    assert empty.sum() == 1, 'the image without a mass has no assessment'
    page = root / 'birads.html'
    arguments = [str(out), '--ann', str(root / 'phantoms.json'), '--split', 'test', '--out', str(page)]
    assert report_command.main(arguments) == 0
    text = page.read_text(encoding='utf-8')
    assert 'mass_birads' in text and '4C' in text and '2/3' in text


def test_birads_of_detected_masses(root, fcos, birads):
    """Two commands for files without annotations: masses first, then their assessment."""
    files = root / 'files'
    masses = predict(files, config=FCOS, checkpoint=fcos, out=root / 'masses', cfg_options=fcos_options(root))
    boxes = {'test_dataloader.dataset.pipeline.0.boxes': str(masses.csv)}
    changes = birads_options(root, **boxes)
    predict(files, config=BIRADS, checkpoint=birads, out=root / 'graded', cfg_options=changes)
    labels, detected = read_labels(root / 'graded' / 'labels.csv'), read_predictions(masses.csv)
    with_box = {detected.images[index][:3] for index in set(detected.image_index.tolist())}
    predicted = ~np.isnan(labels.columns['mass_birads=5'])
    assert predicted.any()
    assert 'mass_birads' in (root / 'graded' / 'report.html').read_text(encoding='utf-8')
    assert [key[:3] in with_box for key in labels.keys] == predicted.tolist()


def test_backbone_of_a_pretraining_goes_into_the_classifier(root, density, tmp_path):
    """By the line of the README, from any model whose backbone has the prefix."""
    init = dict(type='Pretrained', checkpoint=str(density), prefix='backbone.')
    changes = {'model.backbone.init_cfg': init, 'optim_wrapper.optimizer.lr': 0.0, 'log_level': 'INFO'}
    runner = train(BIRADS, work_dir=tmp_path, cfg_options=birads_options(root) | changes)
    weights = torch.load(density, weights_only=False)['state_dict']
    assert torch.equal(runner.model.backbone.layer4[0].conv1.weight, weights['backbone.layer4.0.conv1.weight'])
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert f'model.backbone starts from backbone. of {density}: 100 of 100 weights' in log


@TASK_UTILS.register_module()
class DarkAndBright:
    """Stands in for learned shifts."""

    def styles(self, view):
        return ['own', 'dark', 'bright']

    def show(self, view, style):
        return view['img'] ** np.float32({'own': 1.0, 'dark': 1.5, 'bright': 0.7}[style])


@pytest.mark.parametrize(
    ('task', 'rival'), [('fcos', 'big_aug'), ('fcos', 'eisnet'), ('fcos', 'dd_matching'), ('birads', 'eisnet')]
)
def test_rivals_take_a_step(root, tmp_path, task, rival):
    config = Path('projects/msvcl/configs') / f'{task}_{rival}.py'
    changes = fcos_options(root) if task == 'fcos' else birads_options(root)
    moved = 'train_dataloader.dataset.pipeline.1'  # behind RandomStyle
    if rival == 'dd_matching':
        changes |= {f'{moved}.pixel_mm': changes.pop(f'{moved[:-1]}0.pixel_mm')}
        changes |= {'train_dataloader.dataset.pipeline.0.bank': dict(type='DarkAndBright', _delete_=True)}
    channels = 64 if task == 'fcos' else 512
    if rival == 'eisnet':
        changes |= {f'model.auxiliary.{number}.in_channels': channels for number in (0, 1)}
    if rival == 'dd_matching':
        changes |= {'model.auxiliary': [
            dict(
                type='DomainDiscriminator',
                in_channels=channels,
                domains=['own', 'dark', 'bright'],
                domain_of='style',
                hidden_channels=8,
            )
        ]}  # fmt: skip
    changes |= dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator', 'default_hooks.checkpoint.save_best'))
    runner = train(config, work_dir=tmp_path, cfg_options=changes)
    assert runner.iter == 1
    names = {'eisnet': {'loss_jigsaw', 'loss_triplet'}, 'dd_matching': {'loss_domain'}}.get(rival, set())
    scalars = runner.message_hub.log_scalars
    assert {f'train/{name}' for name in ('loss', *names)} <= set(scalars)
    assert np.isfinite(scalars['train/loss'].data[0]).all()


def test_discriminator_learns_ten_times_as_fast():
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.optim import build_optim_wrapper

    from mammo_plugins.compat.pretrained_weights import drop_pretrained

    cfg = Config.fromfile('projects/msvcl/configs/fcos_dd_matching.py')
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    of = {id(parameter): group['lr'] for group in groups for parameter in group['params']}
    assert of[id(model.auxiliary[0].layers[0].weight)] == pytest.approx(0.05)
    assert of[id(model.detector.backbone.conv1.weight)] == pytest.approx(0.005)


def test_label_fractions_are_one_option(root):
    from mammo_plugins.apis.run_config import load_run_config

    for config in (FCOS, BIRADS):
        cfg = load_run_config(config, cfg_options={'train_dataloader.dataset.subset.patient_fraction': 0.05})
        assert cfg.train_dataloader.dataset.subset == dict(patient_fraction=0.05)


def test_feature_map_is_the_same_each_time(root, density, repository):
    name = repository / 'projects/msvcl/feature_map.py'
    spec = importlib.util.spec_from_file_location('feature_map', name)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    points = []
    # A task's checkpoint has what a pretraining's has: the backbone under the same names.
    for run, how in (('one', []), ('two', []), ('three', ['--pretraining'])):
        arguments = ['--ann', str(root / 'phantoms.json'), '--out', str(root / f'{run}.png'), *how]
        options = ['test_dataloader.dataset.loading.2.size=32', 'model.backbone.depth=18', 'model.in_channels=512']
        options += ['test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']
        script.main([DENSITY, str(density), *arguments, '--json', str(root / f'{run}.json'), '--cfg-options', *options])
        points.append(json.loads((root / f'{run}.json').read_text()))
    assert points[0] == points[1] == points[2] and len(points[0]['points']) == 8
    assert {row['vendor'] for row in points[0]['points']} == {'A', 'B'} and (root / 'one.png').stat().st_size > 1000
