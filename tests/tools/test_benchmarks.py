"""The benchmarks run, small; what they measure is in the json beside them."""

from __future__ import annotations

import json

import pytest

from tests.headless_chromium import CHROMIUM
from tests.warm_processes import run_script


@pytest.fixture
def run(tmp_path):
    def benchmark(name, *arguments):
        out = tmp_path / 'out.json'
        done = run_script(f'tools/benchmarks/{name}.py', [*arguments, '--out', out])
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(out.read_text()), done.stdout.splitlines()

    return benchmark


def test_evaluation(run):
    content, _ = run('evaluation', '--volumes', 40, '--predictions', 5, '--replicates', 10)
    (row,) = content['rows']
    assert (
        row['predictions'] == 200 and 0 <= row['recall_at_0.5'] <= 1
    )  # and equal to the loops, or it would have failed


def test_pixel_average_precision(run):
    content, _ = run('pixel_average_precision', '--maps', 12, '--size', 60, 40)
    assert content['maps'] == 12 and 0 < content['dataset_level'] < content['image_level'] <= 1


def test_head_gives_what_algorithm_1_gives(run):
    content, lines = run('mm3d_head', '--only', 4, 20, '--repeats', 1)
    (row,) = content['rows']
    assert row['largest_relative_difference'] < 1e-4
    assert lines[-1] == f'{row["ratio"]:.1f}x'


def test_reading_volumes_against_slice_by_slice(run):
    content, lines = run('mm3d_inference', '--only', 4, 20, '--width', 64, '--length', 64, '--repeats', 1)
    (row,) = content['rows']
    for name in ('mm3d', 'buda'):
        parts = [row[f'{name}_{part}_s'] for part in ('backbone', 'heads', 'rest')]
        assert min(parts) > 0 and row[f'{name}_whole_s'] == pytest.approx(sum(parts))
    assert lines[-2:] == [f'heads {row["heads_ratio"]:.2f}x', f'whole {row["whole_ratio"]:.2f}x']


def test_memory_on_fake_tensors(run):
    content, _ = run('mm3d_memory', '--slices', 2, '--size', 512, 384, '--variants', 'plain', 'headline')
    plain, saving = (row['peak_gib'] for row in content['rows'])
    assert 0 < saving < plain


def test_memory_of_efficientdet_on_fake_tensors(run):
    content, _ = run('efficientdet_memory', '--batch', 1, '--size', 256, 128)
    peaks = {(row['model'], row['path']): row['peak_gib'] for row in content['rows']}
    for model in ('EfficientDet', 'stage III'):
        plain, again, mixed = (peaks[model, path] for path in ('plain', 'recomputed', 'recomputed, --amp'))
        assert 0 < mixed < again < plain


def test_efficientdet_against_effdet(run):
    pytest.importorskip('effdet', reason='effdet is not installed: pip install .[test]')
    content, lines = run('efficientdet', '--size', 128, '--repeats', 1)
    ratios = content['ratios']
    assert ratios['stage III'] == content['seconds']['fused_training'] / content['seconds']['training'] > 0
    assert lines[-3:] == [f'{name} {value:.2f}x' for name, value in ratios.items()]


def test_patch_selection_against_the_literal_algorithm(run):
    content, lines = run('patch_selection', '--images', 2, '--cells', 40, 36, '--patches', 2, '--repeats', 1)
    seconds = content['seconds']  # and the same patches, or it would have failed
    assert lines[-1] == f'{seconds["literal"] / seconds["ours"]:.0f}x'


def test_inference_of_glam_against_the_transcription(run):
    content, lines = run('glam_inference', '--size', 128, 128, '--patch', 32, '--repeats', 1)
    assert content['largest_difference'] < 1e-5 and lines[-1] == f'{content["ratio"]:.1f}x'


def test_memory_of_disasymnet_on_fake_tensors(run):
    content, _ = run(
        'disasymnet_memory', '--configs', 'disasymnet', 'disasymnet_low_memory', '--batch', 4, '--size', 256, 128
    )
    peaks = {(row['config'], row['amp']): row['peak_gib'] for row in content['rows']}
    assert peaks['disasymnet_low_memory', False] < peaks['disasymnet', False]


def test_step_of_disasymnet_against_a_plain_classifier(run):
    small = ('--configs', 'disasymnet', '--blocks', 1, 3, '--batch', 2, '--size', 64, 32, '--repeats', 1)
    content, lines = run('disasymnet_step', *small, '--device', 'cpu')
    rows = {row['run']: row for row in content['rows']}
    assert list(rows) == ['late_fusion', 'disasymnet, 1 blocks', 'disasymnet, 3 blocks']
    plain, few, many = (row['seconds'] for row in rows.values())
    assert [row['ratio'] for row in rows.values()] == pytest.approx([1, few / plain, many / plain])
    share = content['block_adds']['disasymnet']
    assert share == pytest.approx((many - few) / 2 / plain)
    assert lines[-1] == f'a block of disasymnet adds {share:.3f} of a plain step'


def test_memory_of_glam_on_fake_tensors(run):
    content, _ = run('glam_memory', '--configs', 'glam_joint_low_memory', '--size', 128, 64, '--patch', 64)
    peaks = {row['step']: row['peak_gib'] for row in content['rows']}
    assert 0 < peaks['prediction'] < peaks['training']


def test_reading_a_volume(run):
    content, lines = run('read_volume', '--size', '64x48x9', '--repeats', 1)
    assert set(content['ways']) == {'decoder', 'streamed', 'whole', 'cache'}
    assert lines[-1] == f'time {content["ways"]["whole"]["seconds"] / content["ways"]["streamed"]["seconds"]:.2f}x'


def test_reading_against_a_training_step(run):
    content, lines = run('data_loading', '--size', '64x48x4', '--width', 32, '--repeats', 1)
    assert set(content['read_s']) == {'dicom', 'cache', 'memory'} and content['step_s'] > 0
    assert lines[-3].startswith('dicom: 1 reading process')


def test_converting_long_tables(run):
    content, _ = run('convert_tables', '--rows', 60)
    assert all(of['images'] >= 30 and of['seconds'] > 0 for of in content.values()) and len(content) == 2


def test_bank_of_styles_gives_what_generators_give(run):
    content, lines = run('style_bank', '--size', 64, 48, '--width', 2, '--blocks', 1, '--repeats', 1)
    assert content['bytes'] > 0 and min(content['seconds'].values()) > 0
    assert lines[-1] == f'{content["ratio"]:.1f}x'


@pytest.mark.skipif(CHROMIUM is None, reason='no chromium to open the page with')
def test_viewer(run):
    content, _ = run('viewer', '--size', '200x150x4', '--slice-height', 60, '--rounds', 1)
    assert content['height_in_page'] == 50 and content['peak_mib_while_opening'] > 0 and content['file_mib'] > 0
