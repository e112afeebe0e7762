"""The benchmarks run, small; what they measure is in the json beside them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.fixture
def run(repository, tmp_path):
    def benchmark(name, *arguments):
        out = tmp_path / 'out.json'
        command = [sys.executable, f'tools/benchmarks/{name}.py', *map(str, arguments), '--out', str(out)]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
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
    content, lines = run('mm3d_head', '--quick', '--repeats', 1)
    (row,) = content['rows']
    assert row['largest_relative_difference'] < 1e-4
    assert lines[-1] == f'{row["ratio"]:.1f}x'


def test_reading_volumes_against_slice_by_slice(run):
    content, lines = run('mm3d_inference', '--quick', '--width', 64, '--length', 64, '--repeats', 1)
    (row,) = content['rows']
    for name in ('mm3d', 'buda'):
        parts = [row[f'{name}_{part}_s'] for part in ('backbone', 'heads', 'rest')]
        assert min(parts) > 0 and row[f'{name}_whole_s'] == pytest.approx(sum(parts))
    assert lines[-2:] == [f'heads {row["heads_ratio"]:.2f}x', f'whole {row["whole_ratio"]:.2f}x']


def test_memory_on_fake_tensors(run):
    content, _ = run('mm3d_memory', '--slices', 2, '--size', 512, 384, '--variants', 'plain', 'headline')
    plain, saving = (row['peak_gib'] for row in content['rows'])
    assert 0 < saving < plain


def test_efficientdet_against_effdet(run):
    pytest.importorskip('effdet', reason='effdet is not installed: pip install .[test]')
    content, lines = run('efficientdet', '--size', 128, '--repeats', 1)
    ratios = content['ratios']
    assert ratios['stage III'] == content['seconds']['fused_training'] / content['seconds']['training'] > 0
    assert lines[-3:] == [f'{name} {value:.2f}x' for name, value in ratios.items()]


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
