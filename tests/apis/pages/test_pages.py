"""The tutorial and the how-to pages: files that they show are written, and every command runs as it stands there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from mammo_plugins.commands.main import main
from mammo_plugins.io import AnnotationSet, read_annotations
from tests.two_processes import free_port

FEW_PATIENTS = {'24': '6', '200': '20'}
SMALL_FFDM = [
    f'{part}_dataloader.dataset.loading.3.{name}={value}'
    for part in ('train', 'val', 'test')
    for name, value in (('width', 96), ('max_length', 192))
]
NO_WORKERS = [
    f'{part}_dataloader.{name}={value}'
    for part in ('val', 'test')
    for name, value in (('num_workers', 0), ('persistent_workers', False))
]


def test_commands_of_the_tutorial_run(run_page, place):
    (place / 'data/phantoms').unlink()
    (place / 'about.json').write_text('{"name": "first", "license": "Apache-2.0"}')
    commands = run_page('tutorial.md', replaced=FEW_PATIENTS)
    assert [words[1] for words in commands] == [
        'doctor', 'phantoms', 'predict', 'phantoms', 'convert', 'audit', 'train', 'train', 'test', 'evaluate', 'report',
        'model', 'predict',
    ]  # fmt: skip
    assert all((place / name).is_file() for name in ('found/report.html', 'audit.html', 'report.html'))


def test_commands_of_the_gallery_draw_pictures(repository, run_page, place):
    (place / 'docs').symlink_to(repository / 'docs')
    (place / 'projects').symlink_to(repository / 'projects')
    commands = run_page('gallery.md')
    pictures = [words[-1] for words in commands]
    assert pictures == ['methods.png', 'visibility.png', 'vendors.png']
    assert all(Image.open(place / name).size > (500, 200) for name in pictures)


def test_commands_about_own_data_run(run_page, place):
    known = read_annotations('data/phantoms.json').select(modality='FFDM')
    (place / 'exam').symlink_to(
        known.resolve_path(known.images[0]).parents[len(Path(known.images[0].file_name).parts) - 1]
    )
    write_table(known, place / 'mine.csv')
    run_page('howto/own_data.md', *SMALL_FFDM, 'model.detector.backbone.init_cfg=None')
    written = read_annotations('mine.json')
    assert [image.view for image in written.images] == [image.view for image in known.images]
    assert [finding.bbox_xywh for finding in written.findings] == [
        known.findings_of(image.id)[0].bbox_xywh for image in known.images if known.findings_of(image.id)
    ]
    assert {image.split for image in written.images} == {'train', 'validation', 'test'}
    assert (place / 'work_dirs/fcos_ffdm/iter_1.pth').is_file()


def write_table(annotations: AnnotationSet, path: Path) -> None:
    """The table that the page shows, with the first finding of each image."""
    with path.open('w', newline='') as file:
        table = csv.writer(file)
        table.writerow(['file', 'patient', 'malignant', 'x', 'y', 'width', 'height', 'slice'])
        for image in annotations.images:
            found = annotations.findings_of(image.id)
            box = [*found[0].bbox_xywh, found[0].slice_index] if found else [''] * 5
            table.writerow([image.file_name, image.patient_id, image.labels['malignant'], *box])


def test_own_backbone_trains_and_predicts(run_page, place):
    run_page('howto/own_detector.md', *SMALL_FFDM, *NO_WORKERS)
    weights = torch.load('work/mine/iter_1.pth', weights_only=False)['state_dict']
    assert 'detector.backbone.stages.3.0.weight' in weights
    assert (place / 'predictions.csv').is_file()


def test_own_fusion_learns_its_sharpness(run_page):
    run_page('howto/own_fusion.md')
    weights = torch.load('work/mine/iter_1.pth', weights_only=False)['state_dict']
    learned = [value for name, value in weights.items() if name.endswith('slice_fusion.sharpness')]
    assert len(learned) == 3
    assert all(value != 2.0 for value in learned)


def test_commands_for_a_cluster_run(run_page, place):
    from distributed import LocalCluster

    assert main(['phantoms', 'exam', 'archive', '--modality', 'FFDM']) == 0
    stage = "dict(name='scores', kind='command', command=['info'])"
    (place / 'plan.py').write_text(f'stages = [{stage}]\n')
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        run_page('howto/cluster.md', replaced={'tcp://head:8786': cluster.scheduler_address, '2': '1'})
    assert json.loads((place / 'found_by_dask/run.json').read_text())['error'] == ''


def test_commands_for_a_pacs_run_and_the_archive_gets_every_object(run_page, place):
    pynetdicom = pytest.importorskip('pynetdicom')
    pytest.importorskip('highdicom')
    received = []
    archive = pynetdicom.AE()
    archive.supported_contexts = pynetdicom.AllStoragePresentationContexts
    port = free_port()
    handlers = [(pynetdicom.evt.EVT_C_STORE, lambda event: received.append(event.request.AffectedSOPInstanceUID) or 0)]
    server = archive.start_server(('127.0.0.1', port), block=False, evt_handlers=handlers)
    try:
        assert main(['phantoms', 'exam', 'exam', '--modality', 'FFDM']) == 0
        run_page('howto/pacs.md', replaced={'4242': str(port)})
    finally:
        server.shutdown()
    written = list(place.glob('found/dicom/*/*.dcm'))
    assert len(set(received)) == len(written) > 2
