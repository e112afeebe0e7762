"""What a bundle's config may hold: no paths of data, nothing that runs other code."""

from __future__ import annotations

import json

import pytest
from mmengine.config import Config

from mammo_plugins.apis.model_bundle.bundle_config import bundle_config, check_bundle_config
from mammo_plugins.io.model_bundle import BundleError

PLAIN = {
    'default_scope': 'mmdet',
    'custom_imports': {'imports': ['mammo_plugins.registration'], 'allow_failed_imports': False},
    'model': {'type': 'SparseRCNN', 'backbone': {'type': 'mmpretrain.VGG'}, 'roi': {'type': 'RoIAlign'}},
    'test_dataloader': {'dataset': {'type': 'CaseDataset', 'ann_file': ''}},
}


def write(folder, **changes):
    path = folder / 'config.json'
    path.write_text(json.dumps({**PLAIN, **changes}))
    return path


def test_config_of_registered_components_is_accepted(tmp_path):
    assert check_bundle_config(write(tmp_path)) == PLAIN


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'model': {'type': 'subprocess.Popen', 'args': ['true']}}, r"model\.type is 'subprocess\.Popen'"),
        ({'model': {'type': 'SparseRCNN', 'neck': [{'type': 'os'}]}}, r"model\.neck\.0\.type is 'os'"),
        ({'model': {'type': 'mmdet.NoSuchHead'}}, 'mmdet.NoSuchHead'),
        ({'model': {'type': 'torch.hub.load'}}, 'torch.hub.load'),
        ({'model': {'type': ['a']}}, 'model.type'),
        ({'custom_imports': {'imports': ['antigravity']}}, 'imports antigravity'),
        ({'custom_imports': {'imports': 'antigravity'}}, 'imports antigravity'),
        ({'custom_imports': ['antigravity']}, 'imports antigravity'),
        ({'test_evaluator': {'type': 'DumpResults', 'out_file_path': 'a.pkl'}}, 'test_evaluator holds'),
        ({'test_evaluator': ['LabelMetric']}, 'test_evaluator holds'),
        (
            {'test_evaluator': {'type': 'VolumeDetectionMetric', 'outfile': 'a.csv'}},
            r"test_evaluator\.outfile is 'a\.csv'",
        ),
        ({'test_evaluator': [{'type': 'SaliencyMetric', 'outdir': '../maps'}]}, r'test_evaluator\.0\.outdir'),
        ({'test_evaluator': [{'type': 'SaliencyMetric', 'outdir': 'a/b'}]}, r'test_evaluator\.0\.outdir'),
        ({'test_dataloader': {'dataset': {'type': 'CaseDataset', 'volume_cache': 'cache'}}}, r'volume_cache'),
        ({'test_dataloader': {'dataset': {'type': 'CaseDataset', 'ann_file': 'a.json'}}}, r'ann_file'),
        ({'model': {'type': 'SparseRCNN', 'weights': '/etc/passwd'}}, r"model\.weights is '/etc/passwd'"),
        ({'model': {'type': 'SparseRCNN', 'weights': 'https://host/w.pth'}}, r'model\.weights'),
        ({'model': {'type': 'SparseRCNN', 'weights': 'a/../../w.pth'}}, r'model\.weights'),
        ({'model': {'type': 'SparseRCNN', 'lang': {'trust_remote_code': True}}}, r'trust_remote_code runs code'),
        ({'visualizer': {'type': 'Visualizer'}}, 'has the fields visualizer'),
        ({'model': {'type': 'SparseRCNN', '_base_': '/etc/passwd'}}, 'refers to other files'),
        ({'model': {'type': 'SparseRCNN', 'name': '{{$HOME:}}'}}, 'refers to other files or to the environment'),
    ],
)
def test_config_that_could_run_other_code_is_refused(tmp_path, changes, message):
    with pytest.raises(BundleError, match=message):
        check_bundle_config(write(tmp_path, **changes))


def test_metrics_of_this_package_and_their_folders_are_accepted(tmp_path):
    metrics = [{'type': 'SaliencyMetric', 'outdir': 'maps', 'ann_file': ''}, {'type': 'LabelMetric', 'ann_file': ''}]
    assert check_bundle_config(write(tmp_path, test_evaluator=metrics))['test_evaluator'] == metrics


def test_trusted_config_names_no_paths_either(tmp_path):
    path = write(tmp_path, test_evaluator={'type': 'LabelMetric', 'outfile': '/tmp/x.csv'})
    with pytest.raises(BundleError, match='outfile'):
        check_bundle_config(path, trusted=True)


def test_trusted_config_may_import_other_packages(tmp_path):
    imports = {'imports': ['my_detector']}
    assert check_bundle_config(write(tmp_path, custom_imports=imports), trusted=True)['custom_imports'] == imports


@pytest.mark.parametrize('text', ['{', '[]', '{"model": {}}'])
def test_file_that_is_no_config_is_refused(tmp_path, text):
    (tmp_path / 'config.json').write_text(text)
    with pytest.raises(BundleError, match=r'config\.json'):
        check_bundle_config(tmp_path / 'config.json')


def test_bundle_keeps_no_paths_of_data_and_no_weights_to_start_from(tmp_path):
    cfg = Config.fromfile('configs/mm3d_dbt.py')
    fields = bundle_config(cfg)
    text = json.dumps(fields)
    assert 'data/' not in text and 'dbt.json' not in text and 'train_dataloader' not in text
    assert cfg.test_dataloader.dataset.ann_file == 'dbt.json', 'the config itself stays as it is'
    assert 'Pretrained' not in text and '"pretrained": true' not in text


def test_config_that_reads_a_file_of_this_machine_is_refused(tmp_path):
    (tmp_path / 'histogram.json').write_text('{}')
    cfg = Config.fromfile('configs/mm3d_dbt.py')
    cfg.merge_from_dict({'model.reference': str(tmp_path / 'histogram.json')})
    with pytest.raises(BundleError, match=r'reads .*histogram\.json \(model\.reference\)'):
        bundle_config(cfg)
