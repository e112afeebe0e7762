"""Volumes are given back as they were stored, or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import zlib

import blosc2
import numpy as np
import pytest

from mammo_plugins.io.volume_cache import BrokenVolumeError, VolumeCache

KEY = 'ab' * 32
RECORD = {'num_slices': 40, 'geometry': [[1.0, 0.1 + 0.2, -3.5], [5, 7], True]}


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(0, 65536, (4, 30, 20), dtype=np.uint16)


@pytest.fixture
def cache(tmp_path, volume):
    cache = VolumeCache(tmp_path / 'cache')
    cache.store(KEY, volume, RECORD)
    return cache


def test_volume_and_record_come_back_exactly(cache, volume):
    found, record = cache.read(KEY)
    np.testing.assert_array_equal(found, volume)
    assert found.dtype == np.uint16 and record == RECORD
    assert KEY in cache and 'cd' * 32 not in cache


def test_single_slices_come_in_the_order_wanted(cache, volume):
    np.testing.assert_array_equal(cache.read(KEY, [2, 0])[0], volume[[2, 0]])


def test_smooth_volume_is_stored_smaller(tmp_path):
    smooth = np.broadcast_to(np.arange(200, dtype=np.uint16)[:, None], (4, 200, 300))
    cache = VolumeCache(tmp_path)
    cache.store(KEY, smooth, {})
    assert cache.path_of(KEY).stat().st_size < smooth.nbytes / 10


def test_volume_that_is_stored_again_is_replaced(cache, volume):
    cache.store(KEY, volume[:2] // 2, {'new': 1})
    found, record = cache.read(KEY)
    np.testing.assert_array_equal(found, volume[:2] // 2)
    assert record == {'new': 1}


def test_unknown_key_is_no_volume(cache):
    with pytest.raises(KeyError):
        cache.read('cd' * 32)


@pytest.mark.parametrize('wrong', [np.zeros((2, 3)), np.zeros((2, 3, 4)), np.zeros((0, 3, 4), np.uint16)])
def test_only_16_bit_volumes_are_stored(tmp_path, wrong):
    with pytest.raises(ValueError, match='of uint16 is needed'):
        VolumeCache(tmp_path).store(KEY, wrong, {})
    assert not list(tmp_path.rglob('*.b2nd'))


def test_changed_byte_is_noticed(cache):
    path = cache.path_of(KEY)
    intact = path.read_bytes()
    for position in range(0, len(intact), max(1, len(intact) // 60)):
        path.write_bytes(intact[:position] + bytes([intact[position] ^ 0x55]) + intact[position + 1 :])
        with pytest.raises(BrokenVolumeError, match=f'{path.name}: has changed'):
            cache.read(KEY)


def test_file_is_a_b2nd_array_for_other_programs_too(cache, volume):
    np.testing.assert_array_equal(blosc2.open(str(cache.path_of(KEY)), mode='r')[...], volume)


def test_file_that_another_program_stored_is_no_volume(cache):
    path = cache.path_of(KEY)
    path.write_bytes(b'something' + zlib.crc32(b'something').to_bytes(4, 'little'))
    with pytest.raises(BrokenVolumeError, match=f'{path.name}: cannot be read'):
        cache.read(KEY)


@pytest.mark.parametrize('length', [0, 1, 100, -1])
def test_truncated_file_is_noticed(cache, length):
    path = cache.path_of(KEY)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(BrokenVolumeError, match=path.name):
        cache.read(KEY)


def test_run_that_is_killed_leaves_nothing_under_the_key(tmp_path):
    program = (
        'import sys, numpy as np\n'
        'from mammo_plugins.io import volume_cache\n'
        "volume_cache._flush = lambda path: (print('written', flush=True), sys.stdin.read())\n"
        f'volume_cache.VolumeCache({str(tmp_path)!r}).store({KEY!r}, np.ones((2, 9, 9), np.uint16), {{}})\n'
    )
    process = subprocess.Popen(
        [sys.executable, '-c', program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == 'written\n'
    process.send_signal(signal.SIGKILL)
    process.wait()
    cache = VolumeCache(tmp_path)
    assert KEY not in cache
    cache.store(KEY, np.ones((2, 9, 9), np.uint16), {})
    assert cache.read(KEY)[0].sum() == 162
