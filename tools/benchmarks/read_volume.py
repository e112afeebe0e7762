"""Preparing a tomosynthesis volume for training: memory and time, frame by frame, whole, and read from the cache.

    python tools/benchmarks/read_volume.py --out tools/benchmarks/results/read_volume.json

A phantom volume of 2457 x 1890 x 100 in JPEG 2000 goes through the ``loading`` of ``configs/mm3d_dbt.py``. Each way has
a process of its own that imports what a worker of ``mammo cache`` imports:

- ``decoder``: frames are decoded and thrown away; nobody can be faster than that;
- ``streamed``: as a worker does it, frames fold into slice bins one by one, and the result is stored;
- ``whole``: as notebooks do it, but sparingly: all frames are decoded first (``pixel_array``), become intensities one
  by one, then go on as above;
- ``cache``: what was stored is read, as training does it.

``peak`` is the most resident memory of the process; ``own`` is what it took beyond a process that read nothing. The
last lines give the ratios of whole to streamed, of ``own``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = ('nothing', 'decoder', 'streamed', 'whole', 'cache')


def make_volume(folder: Path, size: str) -> Path:
    """An annotation file of phantoms whose tomosynthesis is JPEG 2000; kept from an earlier run."""
    from mammo_plugins.apis.phantoms import prepare_phantoms

    return prepare_phantoms(folder, 1, 0, (1, 0, 0), overrides={'imaging.jpeg2000_vendors': 'ABCDEF'}, size=size)


def read(way: str, job: Path) -> dict[str, float]:
    """Seconds and peak memory of this process."""
    import distributed  # noqa: F401 - a worker has it
    import numpy as np
    from pydicom import dcmread
    from pydicom.pixels import iter_pixels

    from mammo_plugins.apis.cache import caching  # noqa: F401
    from mammo_plugins.datasets.case_dataset import CaseDataset
    from mammo_plugins.datasets.transform_building import build_transforms
    from mammo_plugins.datasets.transforms import LoadMammogram
    from mammo_plugins.datasets.transforms.loading import pool_slices
    from mammo_plugins.datasets.view_loader import ViewLoader
    from mammo_plugins.io.dicom_header import read_dicom_header
    from mammo_plugins.io.dicom_intensity import read_intensity_rules
    from mammo_plugins.io.voi import to_intensities
    from mammo_plugins.structures import SliceBins

    class LoadWhole(LoadMammogram):
        """The same result with all frames in memory at once."""

        def transform(self, results: dict) -> dict:
            path = Path(results['img_path'])
            header, tags = read_dicom_header(path)
            rules = read_intensity_rules(tags, 0, header.bits_stored, for_processing=False)
            stored = dcmread(path).pixel_array
            volume = np.empty(stored.shape, np.float32)
            for frame, intensities in zip(stored, volume):
                intensities[...] = to_intensities(frame, rules)
            bins = SliceBins.at_most(header.num_slices, self.num_slices)
            results.update(img=pool_slices(volume, bins), slice_bins=bins, homography_matrix=np.eye(3))
            results.update(img_shape=results['img'].shape[-2:], geometry_steps=[])
            return results

    content = json.loads(job.read_text())
    view = CaseDataset(content['annotations'], modality='DBT').get_data_info(0)['views'][0]
    transforms = build_transforms(content['loading'])
    if way == 'whole':
        transforms[0] = LoadWhole(transforms[0].num_slices)
    loader = ViewLoader(transforms, volume_cache=job.parent / ('whole' if way == 'whole' else 'cache'))
    start = time.perf_counter()
    if way == 'decoder':
        for _ in iter_pixels(view['img_path']):
            pass
    elif way == 'cache':
        if not loader.prepared.has(view):
            raise RuntimeError('nothing was prepared')
        loader(view)
    elif way != 'nothing':
        loader.prepare(view)
    seconds = time.perf_counter() - start
    return {'seconds': seconds, 'peak_mib': peak_mib()}


def peak_mib() -> float:
    """Most resident memory of this process so far; ``ru_maxrss`` would start with that of its parent."""
    (line,) = (line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmHWM:'))
    return int(line.split()[1]) / 1024


def in_own_process(way: str, job: Path) -> dict[str, float]:
    """What :func:`read` gives in a fresh process."""
    command = [sys.executable, __file__, '--way', way, '--job', str(job)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def run_once(annotations: Path) -> dict[str, dict[str, float]]:
    """Every way in turn, with an empty cache at the start."""
    from mammo_plugins.apis.run_config import load_run_config

    loading = load_run_config('configs/mm3d_dbt.py').train_dataloader.dataset.to_dict()['loading']
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / 'job.json'
        job.write_text(json.dumps({'annotations': str(annotations), 'loading': loading}))
        return {way: in_own_process(way, job) for way in WAYS}


def measure(annotations: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Fewest seconds and highest peak of each way, in turn."""
    runs = [run_once(annotations) for _ in range(repeats)]
    idle = max(run['nothing']['peak_mib'] for run in runs)
    return {
        way: {
            'seconds': min(run[way]['seconds'] for run in runs),
            'peak_mib': max(run[way]['peak_mib'] for run in runs),
            'own_mib': max(run[way]['peak_mib'] for run in runs) - idle,
        }
        for way in WAYS[1:]
    }


def main() -> None:
    """Prints a table, writes json, and ends with the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', default='2457x1890x100', help='of the phantom (default: %(default)s)')
    parser.add_argument('--phantoms', type=Path, help='folder to make or find them in (default: a temporary one)')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--out', type=Path, help='where the json goes')
    for name in ('way', 'job'):
        parser.add_argument(f'--{name}', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        print(json.dumps(read(args.way, Path(args.job))))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.phantoms or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        ways = measure(make_volume(folder, args.size), args.repeats)
    print(f'{"":10} {"seconds":>8} {"peak MiB":>9} {"own MiB":>8}')
    for way, numbers in ways.items():
        print(f'{way:10} {numbers["seconds"]:>8.2f} {numbers["peak_mib"]:>9.0f} {numbers["own_mib"]:>8.0f}')
    if args.out:
        args.out.write_text(json.dumps({'size': args.size, 'repeats': args.repeats, 'ways': ways}, indent=1) + '\n')
    whole, streamed = ways['whole'], ways['streamed']
    print(f'memory {whole["own_mib"] / streamed["own_mib"]:.1f}x')
    print(f'time {whole["seconds"] / streamed["seconds"]:.2f}x')


if __name__ == '__main__':
    main()
