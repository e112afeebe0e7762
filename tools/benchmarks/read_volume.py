"""Reading a tomosynthesis volume for training: memory and time, frame by frame, whole, and from the cache.

    python tools/benchmarks/read_volume.py --out tools/benchmarks/results/read_volume.json

A phantom volume of 2457 x 1890 x 100 in JPEG 2000 goes through the ``loading`` of ``configs/mm3d_dbt.py`` in processes
of their own, so that each one's peak of resident memory is its own:

- ``decoder``: frames are decoded and thrown away; nobody can be faster than that;
- ``streamed``: as training does it, frames fold into slice bins one by one;
- ``whole``: as notebooks do it, but sparingly: all frames are decoded first (``pixel_array``), become intensities one
  by one, then fold into bins;
- ``cache``: prepared before, read from the volume cache.

Memory is what a process takes beyond one that has imported the same and read nothing. The last lines give the ratios
of whole to streamed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = ('nothing', 'decoder', 'streamed', 'whole', 'cache')
MIB = 2**20


def make_volume(folder: Path, size: str) -> Path:
    """An annotation file of phantoms whose tomosynthesis is JPEG 2000; kept from an earlier run."""
    from mammo_plugins.apis.phantoms import prepare_phantoms

    return prepare_phantoms(folder, 1, 0, (1, 0, 0), overrides={'imaging.jpeg2000_vendors': 'ABCDEF'}, size=size)


def read(way: str, annotations: Path, cache: Path) -> dict[str, float]:
    """Seconds and peak memory of this process."""
    import numpy as np
    from pydicom import dcmread
    from pydicom.pixels import iter_pixels

    from mammo_plugins.apis.run_config import load_run_config
    from mammo_plugins.datasets.case_dataset import CaseDataset
    from mammo_plugins.datasets.transforms import LoadMammogram
    from mammo_plugins.datasets.transforms.loading import pool_slices
    from mammo_plugins.datasets.view_loader import ViewLoader, build_transforms
    from mammo_plugins.io.dicom_header import read_dicom_header
    from mammo_plugins.io.dicom_intensity import read_intensity_rules
    from mammo_plugins.io.voi import to_intensities
    from mammo_plugins.structures import SliceBins

    loading = load_run_config('configs/mm3d_dbt.py').train_dataloader.dataset.loading
    view = CaseDataset(str(annotations), modality='DBT', loading=()).get_data_info(0)['views'][0]

    class LoadWhole(LoadMammogram):
        """The same result with all frames in memory at once."""

        def transform(self, results: dict) -> dict:
            path = Path(results['img_path'])
            header, tags = read_dicom_header(path)
            rules = read_intensity_rules(tags, 0, for_processing=False)
            stored = dcmread(path).pixel_array
            volume = np.empty(stored.shape, np.float32)
            for frame, intensities in zip(stored, volume):
                intensities[...] = to_intensities(frame, rules)
            bins = SliceBins.at_most(header.num_slices, self.num_slices)
            results.update(img=pool_slices(volume, bins), slice_bins=bins, homography_matrix=np.eye(3))
            results.update(img_shape=results['img'].shape[-2:], geometry_steps=[])
            return results

    transforms = build_transforms([dict(step) for step in loading])
    if way == 'whole':
        transforms[0] = LoadWhole(transforms[0].num_slices)
    loader = ViewLoader(transforms, volume_cache=cache if way == 'cache' else None)
    if way == 'cache':
        loader.prepare(view)
        if not loader.prepared.has(view):
            raise RuntimeError('the view was not prepared')
    start = time.perf_counter()
    if way == 'decoder':
        for _ in iter_pixels(view['img_path']):
            pass
    elif way != 'nothing':
        loader(view)
    seconds = time.perf_counter() - start
    return {'seconds': seconds, 'peak_mib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB}


def in_own_process(way: str, annotations: Path, cache: Path) -> dict[str, float]:
    """What :func:`read` gives in a fresh process."""
    command = [sys.executable, __file__, '--way', way, '--annotations', str(annotations), '--cache', str(cache)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def measure(annotations: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Fewest seconds and highest peak of each way, in turn."""
    with tempfile.TemporaryDirectory() as cache:
        in_own_process('cache', annotations, Path(cache))  # prepares
        runs = [{way: in_own_process(way, annotations, Path(cache)) for way in WAYS} for _ in range(repeats)]
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
    for name in ('way', 'annotations', 'cache'):
        parser.add_argument(f'--{name}', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        print(json.dumps(read(args.way, Path(args.annotations), Path(args.cache))))
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
