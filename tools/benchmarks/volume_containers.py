"""Size and reading time of a cached volume in blosc2's b2nd and in zarr, several settings each.

    python tools/benchmarks/volume_containers.py --out tools/benchmarks/results/volume_containers.json

The volume is what training reads: a full-size phantom (2457 x 1890 x 60), 16 slice bins, turned, cropped to the breast,
1100 pixels wide, 16 bits. Needs ``pip install zarr`` beside the project; without it only b2nd is measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import blosc2
import numpy as np

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.datasets.grey_values import to_grey_values
from mammo_plugins.datasets.transforms import CropBreast, LoadMammogram, OrientCanonical, ResizeBreast

try:
    import zarr
except ImportError:
    zarr = None


def make_volume(folder: Path, size: str) -> np.ndarray:
    """(S, H, W) uint16 as a cache holds it."""
    make_phantoms(folder / 'phantoms', 1, 0, size=size, split=(1, 0, 0))
    convert_dataset('phantom', folder / 'phantoms', folder / 'phantoms.json', modality='DBT', show_progress=False)
    loading = [LoadMammogram(16), OrientCanonical(), CropBreast(), ResizeBreast(1100, 2200)]
    case = CaseDataset(str(folder / 'phantoms.json'), loading=loading).load_case(0)
    return to_grey_values(case['views'][0]['img'])


def write_b2nd(path: Path, volume: np.ndarray, codec: blosc2.Codec, level: int, filters: list) -> None:
    cparams = dict(codec=codec, clevel=level, filters=filters, nthreads=1)
    blosc2.asarray(volume, urlpath=str(path), mode='w', chunks=(1, *volume.shape[1:]), cparams=cparams)


def b2nd_settings() -> dict[str, Callable[[Path, np.ndarray], None]]:
    shuffles = {'shuffle': [blosc2.Filter.SHUFFLE], 'bitshuffle': [blosc2.Filter.BITSHUFFLE]}
    return {
        f'b2nd {codec.name.lower()} {level} {name}': lambda path, volume, c=codec, n=level, f=filters: write_b2nd(
            path, volume, c, n, f
        )
        for codec, level in ((blosc2.Codec.ZSTD, 1), (blosc2.Codec.ZSTD, 5), (blosc2.Codec.LZ4, 5))
        for name, filters in shuffles.items()
    }


def zarr_settings() -> dict[str, Callable[[Path, np.ndarray], None]]:
    if zarr is None:
        return {}

    def write(path: Path, volume: np.ndarray, codec: str, level: int, shuffle: str) -> None:
        chunks = (1, *volume.shape[1:])
        compressor = zarr.codecs.BloscCodec(cname=codec, clevel=level, shuffle=shuffle)
        array = zarr.create_array(
            str(path), shape=volume.shape, dtype=volume.dtype, chunks=chunks, compressors=compressor
        )
        array[...] = volume

    return {
        f'zarr {codec} {level} {shuffle}': lambda path, volume, c=codec, n=level, s=shuffle: write(
            path, volume, c, n, s
        )
        for codec, level in (('zstd', 1), ('zstd', 5), ('lz4', 5))
        for shuffle in ('shuffle', 'bitshuffle')
    }


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Median; the first call warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def measure(name: str, write: Callable, folder: Path, volume: np.ndarray, repeats: int) -> dict:
    path = folder / name.replace(' ', '_')
    start = time.perf_counter()
    write(path, volume)
    written = time.perf_counter() - start
    if name.startswith('b2nd'):
        blosc2.set_nthreads(1)
        read = lambda: blosc2.open(str(path), mode='r')  # noqa: E731  each read opens, as a data set does
        size = path.stat().st_size
    else:
        read = lambda: zarr.open_array(str(path), mode='r')  # noqa: E731
        size = sum(file.stat().st_size for file in path.rglob('*') if file.is_file())
    middle = len(volume) // 2
    if not np.array_equal(read()[...], volume):
        raise RuntimeError(f'{name} gives other pixels than it got')
    return {
        'container': name,
        'bytes': size,
        'ratio': volume.nbytes / size,
        'seconds_write': written,
        'seconds_slice': seconds(lambda: read()[middle], repeats),
        'seconds_volume': seconds(lambda: read()[...], repeats),
    }


def main() -> None:
    """Prints a table and writes json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', default='2457x1890x60', help='of the phantom (default: %(default)s)')
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--out', type=Path, help='where the json goes')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        volume = make_volume(Path(folder), args.size)
        settings = {**b2nd_settings(), **zarr_settings()}
        rows = [measure(name, write, Path(folder), volume, args.repeats) for name, write in settings.items()]
    print(f'{"container":<28} {"MiB":>7} {"ratio":>6} {"write":>8} {"slice":>8} {"volume":>8}')
    for row in rows:
        print(
            f'{row["container"]:<28} {row["bytes"] / 2**20:>7.1f} {row["ratio"]:>6.2f} {row["seconds_write"]:>7.3f}s '
            f'{1e3 * row["seconds_slice"]:>6.1f}ms {1e3 * row["seconds_volume"]:>6.0f}ms'
        )
    if args.out:
        versions = {'blosc2': blosc2.__version__, 'zarr': zarr.__version__ if zarr else None}
        content = {'shape': list(volume.shape), 'bytes': volume.nbytes, **versions, 'rows': rows}
        args.out.write_text(json.dumps(content, indent=1) + '\n')


if __name__ == '__main__':
    main()
